//! The metadata in force, as the services that move rows need it: every name already an [`Ident`].

use std::sync::Arc;

use sojourn_metadata::{Attribute, DataType, Metadata};
use sqlx::PgPool;
use tokio::sync::RwLock;

use crate::database::PlatformError;
use crate::sql::{CatalogType, Ident};

/// One metadata version, ready to be made into SQL.
#[derive(Debug, Clone)]
pub struct Published {
    /// The configured set of entities.
    pub dataset: String,
    /// Its number.
    pub version: u32,
    /// The role that users' statements run as.
    pub acting_role: Ident,
    /// Its entities, in load order.
    pub entities: Vec<Table>,
    /// The metadata they were made from.
    pub metadata: Metadata,
}

/// One entity's table.
#[derive(Debug, Clone)]
pub struct Table {
    /// The entity's name.
    pub entity: String,
    /// Its object type code.
    pub object_type_code: i32,
    /// The table's schema.
    pub schema: Ident,
    /// The table.
    pub table: Ident,
    /// Its columns; the first is the object id.
    pub columns: Vec<Column>,
}

/// One attribute's column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its spelling in a cast.
    pub sql_type: CatalogType,
    /// The attribute.
    pub attribute: Attribute,
}

impl Published {
    /// Makes every name of the metadata an identifier.
    ///
    /// # Errors
    /// [`PlatformError::Name`] when the metadata holds what Postgres cannot have.
    pub fn new(version: u32, metadata: Metadata) -> Result<Self, PlatformError> {
        let entities = metadata.entities.iter().cloned().map(table).collect::<Result<_, _>>()?;
        let acting_role = Ident::new(&metadata.acting_role)?;
        Ok(Self { dataset: metadata.dataset.clone(), version, acting_role, entities, metadata })
    }

    /// The table of an entity.
    #[must_use]
    pub fn table(&self, entity: &str) -> Option<&Table> {
        self.entities.iter().find(|table| table.entity == entity)
    }

    /// The table of an object type code.
    #[must_use]
    pub fn table_of(&self, object_type_code: i32) -> Option<&Table> {
        self.entities.iter().find(|table| table.object_type_code == object_type_code)
    }
}

impl Table {
    /// The column that holds the object id.
    #[must_use]
    pub fn key(&self) -> &Column {
        &self.columns[0]
    }

    /// The column of an attribute.
    #[must_use]
    pub fn column(&self, attribute: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.name() == attribute)
    }
}

impl Column {
    /// Whether its values travel as text, because no program but Postgres knows their binary form.
    #[must_use]
    pub fn travels_as_text(&self) -> bool {
        self.attribute.data_type == DataType::Other
    }
}

fn table(entity: sojourn_metadata::Entity) -> Result<Table, PlatformError> {
    let column = |attribute: Attribute| -> Result<Column, PlatformError> {
        let (name, sql_type) = (Ident::new(&attribute.name)?, CatalogType::new(&attribute.sql_type)?);
        Ok(Column { name, sql_type, attribute })
    };
    let columns: Vec<Column> = entity.attributes.into_iter().map(column).collect::<Result<_, _>>()?;
    if columns.is_empty() {
        return Err(PlatformError::Setup(format!("the metadata of {} has no attributes", entity.name)));
    }
    let (schema, table) = (Ident::new(&entity.schema)?, Ident::new(&entity.table)?);
    Ok(Table { entity: entity.name, object_type_code: entity.object_type_code, schema, table, columns })
}

/// Metadata versions, read once each.
#[derive(Debug, Clone)]
pub struct MetadataCache {
    pool: PgPool,
    known: Arc<RwLock<Vec<Arc<Published>>>>,
}

impl MetadataCache {
    /// A cache over this database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, known: Arc::default() }
    }

    /// The newest version of a dataset.
    ///
    /// # Errors
    /// [`PlatformError::Setup`] when none has been published yet.
    pub async fn newest(&self, dataset: &str) -> Result<Arc<Published>, PlatformError> {
        let version: Option<i32> =
            sqlx::query_scalar("SELECT max(version) FROM sojourn.metadata_version WHERE dataset = $1")
                .bind(dataset)
                .fetch_one(&self.pool)
                .await
                .map_err(PlatformError::doing("reading the newest metadata version"))?;
        let missing = || PlatformError::Setup(format!("no metadata is published for the dataset {dataset:?}"));
        self.version(dataset, u32::try_from(version.ok_or_else(missing)?).map_err(|_| missing())?).await
    }

    /// One version of a dataset.
    ///
    /// # Errors
    /// [`PlatformError::Setup`] when it was never published.
    pub async fn version(&self, dataset: &str, version: u32) -> Result<Arc<Published>, PlatformError> {
        let same = |p: &&Arc<Published>| p.dataset == dataset && p.version == version;
        if let Some(published) = self.known.read().await.iter().find(same) {
            return Ok(Arc::clone(published));
        }
        let published = Arc::new(self.read(dataset, version).await?);
        self.known.write().await.push(Arc::clone(&published));
        Ok(published)
    }

    async fn read(&self, dataset: &str, version: u32) -> Result<Published, PlatformError> {
        let document: Option<sqlx::types::Json<Metadata>> =
            sqlx::query_scalar("SELECT document FROM sojourn.metadata_version WHERE dataset = $1 AND version = $2")
                .bind(dataset)
                .bind(i64::from(version))
                .fetch_optional(&self.pool)
                .await
                .map_err(PlatformError::doing("reading a metadata version"))?;
        let missing = || PlatformError::Setup(format!("metadata version {version} of {dataset:?} was never published"));
        Published::new(version, document.ok_or_else(missing)?.0)
    }
}
