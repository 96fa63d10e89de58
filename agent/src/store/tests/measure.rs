use std::sync::Arc;
use std::time::Instant;
use sojourn_metadata::{DataType, Entity, Metadata};
use super::batches::{Raw, SESSION, rows_with, text};
use super::sample::{attribute, device, entity, metadata};
use sojourn_wire::batch::{Compression, HeaderFields};
use crate::store::Store;
use uuid::Uuid;

fn contact() -> Entity {
    let relationships = ["account_id","owner_id"].map(|a| sojourn_metadata::Relationship { attribute: a.into(), target: "contact".into(), on_delete: sojourn_metadata::model::OnDelete::SetNull }).to_vec();
    Entity { relationships, ..entity(1, "contact", vec![
        attribute(2, "account_id", DataType::Uuid), attribute(3, "owner_id", DataType::Uuid),
        attribute(4, "first_name", DataType::Text), attribute(5, "last_name", DataType::Text),
        attribute(6, "email", DataType::Text), attribute(7, "phone", DataType::Text),
        attribute(8, "street", DataType::Text), attribute(9, "city", DataType::Text),
        attribute(10, "notes", DataType::Text), attribute(11, "state", DataType::Int4),
        attribute(12, "created", DataType::TimestampTz), attribute(13, "modified", DataType::TimestampTz),
        attribute(14, "active", DataType::Bool),
    ]) }
}
fn rss() -> String {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS") || l.starts_with("RssAnon") || l.starts_with("RssFile")).collect::<Vec<_>>().join(" ").replace('\t', " ")
}
#[test]
fn measure() {
    let dir = std::path::PathBuf::from(std::env::var("DIR").unwrap_or("/tmp/measure".into()));
    let mode = std::env::var("MODE").unwrap_or_default();
    if mode.is_empty() { return; }
    let per: u64 = std::env::var("PER").unwrap().parse().unwrap();
    let total: u64 = std::env::var("TOTAL").unwrap().parse().unwrap();
    let batches = total / per;
    if mode == "gen" {
        std::fs::create_dir_all(&dir).unwrap();
        let e = contact();
        let mut seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
        let mut rnd = move || { seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); seed >> 33 };
        let v4 = std::env::var("V4").is_ok();
        let mut keys: Vec<u128> = (0..total as u128).map(|n| if v4 { (u128::from(rnd()) << 97) | (u128::from(rnd()) << 64) | n } else { (0x0190_0000_0000_7000u128 << 64) + (n << 20) }).collect();
        keys.sort();
        for b in 0..batches {
            let rows: Vec<Vec<Raw>> = (0..per).map(|r| {
                let n = b * per + r;
                let id = Some(Uuid::from_u128(keys[n as usize]).as_bytes().to_vec());
                let u = |x: u64| Some(Uuid::from_u128(u128::from(x) << 40).as_bytes().to_vec());
                vec![id, u(rnd() % 5000), u(rnd() % 50), text(["Anna","Bert","Carla","Dieter"][(rnd()%4) as usize]), text(&format!("Name{}", rnd() % 20000)),
                    text(&format!("person{n}@example.org")), text(&format!("+41 44 {:07}", rnd() % 10_000_000)), text(&format!("Street {}", rnd() % 300)), text(["Zurich","Bern","Basel"][(rnd()%3) as usize]),
                    text(&format!("Some note number {} about this customer, {} and {}", rnd(), rnd(), rnd())), Some((rnd() as i32 % 4).to_be_bytes().to_vec()),
                    Some((700_000_000_000_000i64 + rnd() as i64).to_be_bytes().to_vec()), Some((700_000_000_000_000i64 + rnd() as i64).to_be_bytes().to_vec()), Some(vec![(rnd() % 2) as u8])]
            }).collect();
            let fields = HeaderFields { session: SESSION, batch_number: b as u32 + 1, object_type_code: 1, metadata_version: 1, compression: Compression::Zstd };
            std::fs::write(dir.join(format!("{}", b + 1)), rows_with(&e, fields, &rows)).unwrap();
        }
        println!("file bytes {}", std::fs::metadata(dir.join("1")).unwrap().len());
        return;
    }
    let _ = std::fs::remove_dir_all("/tmp/measure-home");
    std::fs::create_dir_all("/tmp/measure-home").unwrap();
    let mut store = Store::create(std::path::Path::new("/tmp/measure-home/sojourn.db"), &device()).unwrap();
    let m = Metadata { entities: vec![contact()], ..metadata() };
    store.adopt_metadata(1, &m).unwrap();
    store.begin_session(SESSION, 1, &[]).unwrap();
    let kb: i64 = std::env::var("CACHE").unwrap().parse().unwrap();
    store.connection.pragma_update(None, "cache_size", -kb).unwrap();
    if let Ok(cp) = std::env::var("CP") { store.connection.pragma_update(None, "wal_autocheckpoint", cp.parse::<i64>().unwrap()).unwrap(); }
    let fitting = Arc::new(store.fitting().unwrap());
    let began = Instant::now();
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut load_us, mut check_us) = (0u128, 0u128);
    rt.block_on(async {
        let store = crate::shared::SharedStore::new(store);
        let read = |b: u64| std::fs::read(format!("/tmp/measure/{b}")).unwrap();
        let check = |f: Vec<u8>| { let fit = fitting.clone(); let spool = mode == "spool"; tokio::task::spawn_blocking(move || { let t = Instant::now(); let r = if spool { (None, Some(fit.prove(f).unwrap())) } else { (Some(fit.open(&f).unwrap()), None) }; (r, t.elapsed().as_micros()) }) };
        let mut next = Some(check(read(1)));
        for b in 1..=batches {
            let (arrived, us) = next.take().unwrap().await.unwrap();
            check_us += us;
            let waiting = (b < batches).then(|| read(b + 1));
            let s = store.clone();
            let load = tokio::spawn(async move { s.run("x", move |s| { let t = Instant::now(); match arrived { (Some(a), _) => { s.load(&a)?; } (_, Some(p)) => { s.spool(&p)?; } _ => {} } Ok(t.elapsed().as_micros()) }).await.unwrap() });
            next = waiting.map(&check);
            let _extra = (b + 1 < batches).then(|| read(b + 2));
            load_us += load.await.unwrap();
        }
        if mode == "spool" {
            println!("spooled {:?} {}", began.elapsed(), rss());
            let t = Instant::now();
            store.run("x", |s| s.apply_spool(SESSION, |_| ())).await.unwrap();
            println!("apply {:?}", t.elapsed());
        }
        println!("before finish {}", rss());
        let t = Instant::now();
        store.run("x", |s| s.finish_session(SESSION)).await.unwrap();
        println!("finish {:?} {}", t.elapsed(), rss());
        let t = Instant::now();
        let fit = fitting.clone();
        store.run("x", move |s| {
            s.connection.execute_batch("UPDATE sojourn_session SET finished = 0").unwrap();
            for b in (1..=batches).step_by(10) {
                s.connection.execute("UPDATE sojourn_session SET last_batch = ?1", [b as i64 - 1]).unwrap();
                let a = fit.open(&std::fs::read(format!("/tmp/measure2/{b}")).unwrap()).unwrap();
                s.load(&a)?;
            }
            Ok(())
        }).await.unwrap();
        println!("changes {:?}", t.elapsed());
    });
    println!("{mode} per {per} cache {kb}: {:?} load {}us/row check {} us/row; {}", began.elapsed(), load_us as f64 / total as f64, check_us as f64 / total as f64, rss());
}
