//! Local data groups of administrators: listed, and defined at run time. Those of sojourn.yaml are listed with them.

pub mod define;
pub mod kind;
pub mod list;

use sojourn_metadata::Rules;
use sojourn_platform::entities::Published;
use sojourn_prepare::db::overview::{overview_datasets, overview_metadata, overview_rules};
use sqlx::PgConnection;

use crate::error::AdminError;

/// A dataset that groups are defined in.
pub(crate) struct Place {
    pub(crate) metadata: Published,
    pub(crate) rules: Rules,
}

/// The dataset that is named, or the only one.
pub(crate) async fn place(admin: &mut PgConnection, asked: Option<&str>) -> Result<Place, AdminError> {
    let known = overview_datasets(admin).await?;
    let dataset = match asked {
        Some(asked) => known.iter().find(|name| *name == asked),
        None => known.first().filter(|_| known.len() == 1),
    };
    let Some(dataset) = dataset else {
        return Err(AdminError::Dataset { asked: asked.map(str::to_owned), known });
    };
    let metadata = overview_metadata(admin, dataset).await?;
    let metadata = metadata.ok_or_else(|| AdminError::NotPublished(dataset.clone()))?;
    let rules = overview_rules(admin, dataset).await?;
    Ok(Place { rules: rules.ok_or_else(|| AdminError::NotPublished(dataset.clone()))?, metadata })
}
