//! What all tests share: a runtime, the tools, and one Postgres with a template database of the CRM sample.

use std::path::Path;
use std::sync::LazyLock;

use sojourn_dev::instances::{Postgres, PostgresOptions};
use sojourn_dev::machine::Machine;
use sojourn_sample_crm::{Generated, People, Plan};
use sqlx::PgPool;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// One runtime: what is shared must outlive the test that made it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
});
static SHARED: OnceCell<Shared> = OnceCell::const_new();

/// The database every world's is copied from.
pub const TEMPLATE: &str = "crm_template";

/// Postgres, and who lives in its template.
pub struct Shared {
    pub postgres: Postgres,
    pub people: People,
}

/// Runs a test to its end.
pub fn run(test: impl Future<Output = ()>) {
    RUNTIME.block_on(test);
}

/// The programs, and the executable that is all our processes.
pub fn machine() -> Machine {
    let exe = Path::new(env!("CARGO_BIN_EXE_sojourn-processes"));
    Machine::shared(exe, &|what| eprintln!("{what}")).expect("Postgres and nats-server are found or fetched")
}

/// Starts Postgres and fills the template, once.
pub async fn shared() -> &'static Shared {
    SHARED.get_or_init(start).await
}

async fn start() -> Shared {
    let (postgres, pool, people) = with_sample(TEMPLATE, &Plan::new(7, 12, 500)).await;
    // A template must have no visitors.
    pool.close().await;
    Shared { postgres, people }
}

/// Starts a Postgres with the sample in a database of this name, and a pool over it.
pub async fn with_sample(database: &str, plan: &Plan) -> (Postgres, PgPool, People) {
    let machine = tokio::task::spawn_blocking(machine).await.expect("the tools are found");
    let postgres =
        Postgres::start(&machine.tools, &machine.reaper, PostgresOptions::default()).await.expect("Postgres");
    let url = postgres.create_database(database, None).await.expect("a database");
    let pool = PgPool::connect(&url).await.expect("a connection");
    sojourn_sample_crm::install(&pool).await.expect("the sample's tables");
    let Generated { people, .. } = sojourn_sample_crm::generate(&pool, plan, |_| ()).await.expect("the sample's rows");
    (postgres, pool, people)
}
