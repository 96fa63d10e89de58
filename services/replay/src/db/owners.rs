//! What a row goes with when it is deleted: the rows that it refers to by `ON DELETE CASCADE`, and those that these refer
//! to.

use sojourn_metadata::model::OnDelete;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::{Column, Published, Table};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::actor::Actor;
use crate::statement::look;
use crate::ties::Object;

/// More are not followed: a chain of rows that own each other is short.
const MOST: usize = 64;

impl Actor<'_> {
    /// These objects and all that they go with, as far as the user sees them.
    pub(super) async fn with_owners(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        objects: &[Object],
    ) -> Result<Vec<Object>, PlatformError> {
        let (mut all, mut place) = (objects.to_vec(), 0);
        while let Some(&(code, object_id)) = all.get(place).filter(|_| place < MOST) {
            place += 1;
            let Some(table) = self.metadata.table_of(code) else { continue };
            for (column, target) in cascading(self.metadata, table) {
                let owner = self.referred(tx, table, column, object_id).await?;
                all.extend(owner.map(|owner| (target, owner)).filter(|owner| !all.contains(owner)));
            }
        }
        Ok(all)
    }

    /// What a row refers to; nothing when the user may not know.
    async fn referred(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        table: &Table,
        column: &Column,
        object_id: Uuid,
    ) -> Result<Option<Uuid>, PlatformError> {
        let sql = look::reference(table, column);
        let found: Result<Option<Option<String>>, _> =
            sqlx::query_scalar(sql.into_sqlx()).bind(object_id).fetch_optional(&mut **tx).await;
        match found {
            Ok(found) => Ok(found.flatten().and_then(|id| id.parse().ok())),
            Err(error) => {
                self.roll_back(tx).await?;
                tracing::debug!(entity = table.entity, "what a row goes with is not known: {error}");
                Ok(None)
            }
        }
    }
}

/// The columns by which rows of a table go with others, and the object type codes of those.
fn cascading<'a>(metadata: &'a Published, table: &'a Table) -> impl Iterator<Item = (&'a Column, i32)> {
    let entity = metadata.metadata.entity_of(table.object_type_code);
    let relationships = entity.into_iter().flat_map(|entity| &entity.relationships);
    relationships.filter(|relationship| relationship.on_delete == OnDelete::Cascade).filter_map(|relationship| {
        let target = metadata.metadata.entity(&relationship.target)?;
        Some((table.column(&relationship.attribute)?, target.object_type_code))
    })
}
