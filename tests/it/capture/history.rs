//! A subscription outlives its device's database: operations keep their numbers, and none is taken for another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{LAST_NAME, offline, owned_contacts, sales, text};
use crate::support::{Device, WorldPlan, run};

#[test]
fn a_device_set_up_anew_gets_everything_and_numbers_its_operations_on() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        device.write(&format!("UPDATE contact SET last_name = 'Before' WHERE id = '{}'", contacts[0]));
        device.run(&["go-online"]).await.expect(0);
        let held = world.assert_converged(0).await;
        fs::remove_dir_all(device.home()).expect("the device is lost");
        device.init().await;
        let again = device.run(&["go-offline"]).await.expect(0);
        assert_eq!(again["data"]["rows"].as_u64(), Some(held), "{again}");
        device.write(&format!("UPDATE contact SET last_name = 'After' WHERE id = '{}'", contacts[0]));
        assert_eq!(device.run(&["go-online"]).await.verdicts("applied"), 1);
        assert_eq!(text(&world, LAST_NAME, contacts[0]).await.as_deref(), Some("After"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_copy_of_the_database_does_not_lose_work_silently() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        let backup = back_up(device);
        device.write(&format!("UPDATE contact SET last_name = 'Sent' WHERE id = '{}'", contacts[0]));
        device.run(&["sync"]).await.expect(0);
        restore(device, &backup);
        device.write(&format!("UPDATE contact SET last_name = 'Lost?' WHERE id = '{}'", contacts[1]));
        let refused = device.run(&["sync"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.talk.contains("copy") || refused.talk.contains("restored"), "{refused:?}");
        let queue = device.run(&["queue"]).await.expect(0);
        let kept = queue["entries"].as_array().into_iter().flatten().any(|entry| entry["data"]["last_name"] == "Lost?");
        assert!(kept, "the work is still in the queue: {queue}");
        world.stop().await;
    });
}

#[test]
fn a_restored_backup_is_not_called_up_to_date_after_another_sync() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        let backup = back_up(device);
        let gone = "DELETE FROM crm.contact WHERE id = $1";
        sqlx::query(gone).bind(contacts[0]).execute(world.admin()).await.expect("the row goes");
        device.run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;
        restore(device, &backup);
        let refused = device.run(&["sync"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.talk.contains("copy") && refused.talk.contains("init"), "{refused:?}");
        fs::remove_dir_all(device.home()).expect("the copy goes");
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn credentials_of_another_device_are_refused_before_anything_is_sent() {
    run(async {
        let world = WorldPlan::of(&[sales, sales]).start().await;
        let (device, other) = (&world.devices[0], &world.devices[1]);
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        fs::copy(&other.credentials, device.home().join("credentials.json")).expect("the wrong file");
        let refused = device.run(&["sync"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for name in [device.agent.as_str(), other.agent.as_str()] {
            assert!(refused.talk.contains(name), "{name} is named: {refused:?}");
        }
        world.stop().await;
    });
}

fn back_up(device: &Device) -> PathBuf {
    let backup = device.home().join("backup.db");
    let vacuum = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])";
    let python = Command::new("python3").args(["-c", vacuum]).arg(device.database()).arg(&backup).status();
    assert!(python.is_ok_and(|status| status.success()), "a backup is made");
    backup
}

fn restore(device: &Device, backup: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", device.database().display()));
    }
    fs::rename(backup, device.database()).expect("the backup is restored");
}
