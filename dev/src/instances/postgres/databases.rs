//! Databases of an instance, made and removed with Postgres' own client programs, which quote names themselves.

use std::time::Duration;

use super::super::error::InstanceError;
use super::super::process::{Launch, Output};
use super::Postgres;

const PATIENCE: Duration = Duration::from_secs(120);

impl Postgres {
    /// Creates a database, empty or as a copy of another one to which nobody is connected, and returns its URL.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<String, InstanceError> {
        let template = template.map(|template| format!("--template={template}"));
        self.client("createdb", template.as_deref(), name).await.map(|()| self.url_for(name))
    }

    /// Drops a database if there is one, cutting the sessions that use it.
    pub async fn drop_database(&self, name: &str) -> Result<(), InstanceError> {
        self.client("dropdb", ["--force", "--if-exists"], name).await
    }

    async fn client(
        &self,
        program: &str,
        options: impl IntoIterator<Item = &str>,
        database: &str,
    ) -> Result<(), InstanceError> {
        if self.process.is_none() {
            return Err(InstanceError::NotRunning { name: super::NAME.into() });
        }
        let log = tempfile::Builder::new().prefix(program).tempfile_in(self.folder.path());
        let log = log.map_err(InstanceError::file("make a log in", self.folder.path()))?.into_temp_path();
        let port = self.port.to_string();
        let launch = Launch::new(
            format!("{program} {database}"),
            self.tools.postgres_bin.join(program),
            Output::Log(log.to_path_buf()),
        );
        let launch = launch.arguments([
            "--host=127.0.0.1",
            "--username=postgres",
            "--no-password",
            "--maintenance-db=postgres",
            "--port",
            &port,
        ]);
        let launch = launch.arguments(options).arguments(["--", database]).environment("LC_ALL", "C");
        let launch = launch.environment("PGPASSWORD", self.password.expose());
        let mut process = launch.spawn(&self.reaper)?;
        let status = process.wait(PATIENCE).await?;
        if status.success() { Ok(()) } else { Err(process.ended(status)) }
    }
}
