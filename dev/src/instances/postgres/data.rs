//! Data folders for new instances. `initdb` takes half a second and a copy of its work a tenth of that, so it
//! runs once per Postgres version and its folder is kept as a template beside the tools.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::error::InstanceError;
use super::super::process::{Launch, Output};
use super::password::Password;
use super::{NAME, files, settings};
use crate::os::User;
use crate::reaper::Reaper;
use crate::tools::Tools;

const INITDB: Duration = Duration::from_secs(120);
/// A data folder that has this file has everything: it is written after the copy.
const COMPLETE: &str = settings::FILE;
/// What this file asks of `initdb`; another number makes templates of older code forgotten.
const LAYOUT: u32 = 2;

/// Makes a fresh data folder at `data`, owned by `user`, unless there is one.
pub(super) async fn prepare(
    tools: &Tools,
    reaper: &Reaper,
    user: Option<&User>,
    data: &Path,
) -> Result<(), InstanceError> {
    if data.join(COMPLETE).is_file() {
        return Ok(());
    }
    let template = tools.home.join(template_name(&tools.postgres_version));
    if !template.is_dir() {
        make(tools, reaper, user, &template).await?;
    }
    let (data, user) = (data.to_path_buf(), user.cloned());
    blocking(move || {
        if data.exists() {
            // Its maker died: it was never started.
            fs::remove_dir_all(&data).map_err(InstanceError::file("remove", &data))?;
        }
        files::copy(&template, &data, user.as_ref())
    })
    .await
}

/// Makes the template, unless another process was first. A folder of its final name is complete.
async fn make(tools: &Tools, reaper: &Reaper, user: Option<&User>, template: &Path) -> Result<(), InstanceError> {
    let lock = tools.home.join("initdb.lock");
    let _lock = blocking(move || locked(&lock)).await?;
    if template.is_dir() {
        return Ok(());
    }
    let folder = reaper.folder(NAME)?;
    files::give(folder.path(), user)?;
    let fresh = folder.path().join("data");
    initdb(tools, reaper, user, &fresh).await?;
    let (home, template) = (tools.home.clone(), template.to_path_buf());
    blocking(move || keep(&fresh, &home, &template)).await
}

async fn initdb(tools: &Tools, reaper: &Reaper, user: Option<&User>, data: &Path) -> Result<(), InstanceError> {
    let folder = data.parent().unwrap_or(data);
    let locale = if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=C" };
    let (password, password_file) = (Password::generate(), folder.join("password"));
    files::write(&password_file, password.expose(), user)?;
    let options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", locale, "--no-sync"];
    let launch = Launch::new("initdb", tools.postgres_bin.join("initdb"), Output::Log(folder.join("initdb.log")));
    let launch = launch.arguments(options).arguments(["--no-instructions", "--pwfile"]).arguments([&password_file]);
    let launch = launch.arguments(["-D".as_ref(), data]).user(user.cloned()).directory(folder);
    let mut process = launch.environment("TZ", "UTC").spawn(reaper)?;
    let status = process.wait(INITDB).await?;
    if !status.success() {
        return Err(process.ended(status));
    }
    password.keep(data)?;
    include_our_settings(&data.join("postgresql.conf"))
}

fn include_our_settings(path: &Path) -> Result<(), InstanceError> {
    let text = fs::read_to_string(path).map_err(InstanceError::file("read", path))?;
    let text = format!("{text}\ninclude = '{}'\n", settings::FILE);
    fs::write(path, text).map_err(InstanceError::file("write", path))
}

/// Copies the folder beside the tools, and gives it its name when it is whole.
fn keep(fresh: &Path, home: &Path, template: &Path) -> Result<(), InstanceError> {
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(home);
    let partial = partial.map_err(InstanceError::file("make a folder in", home))?;
    let copied = partial.path().join("data");
    files::copy(fresh, &copied, None)?;
    fs::rename(&copied, template).map_err(InstanceError::file("make", template))
}

fn locked(path: &Path) -> Result<File, InstanceError> {
    let file = File::create(path).map_err(InstanceError::file("lock", path))?;
    file.lock().map_err(InstanceError::file("lock", path)).map(|()| file)
}

/// One per version and packager, because `initdb` writes both into its files.
fn template_name(version: &str) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    format!("postgres-data-{LAYOUT}-{}", version.chars().map(plain).collect::<String>()).into()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InstanceError> + Send + 'static,
) -> Result<T, InstanceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_named_after_version_and_packager() {
        let name = template_name("15.18 (Debian 15.18-0+deb12u1)");
        assert_eq!(name, Path::new("postgres-data-2-15.18--Debian-15.18-0-deb12u1-"));
        assert_ne!(name, template_name("15.18"));
    }
}
