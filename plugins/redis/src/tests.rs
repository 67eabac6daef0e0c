//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{End, testkit};

use crate::wire::{self, Item, Start};

#[test]
fn commands_are_arrays_of_bulk_strings() {
    assert_eq!(wire::command(&["INFO", "server"]), b"*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n");
}

#[test]
fn replies_are_taken_apart() {
    assert_eq!(Start::read(b"+PONG\r\n"), Ok(Start::Whole(Item::Simple("PONG".into()))));
    assert_eq!(Start::read(b"*-1\r\n"), Ok(Start::Whole(Item::Null)));
    assert_eq!(Start::read(b"%7\r\n"), Ok(Start::Whole(Item::Aggregate(14))));
    assert_eq!(Start::read(b"$5\r\n"), Ok(Start::Blob { length: 5, is_error: false }));
    for wrong in [
        &b""[..],
        b"\r\n",
        b"$99999999\r\n",
        b"$-2\r\n",
        b"*x\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b":\r\n",
        b"+PONG\n",
    ] {
        assert_eq!(Start::read(wrong), Err(End::Mismatch), "{wrong:?}");
    }
}

#[test]
fn values_are_found_by_their_names() {
    let bulk = |text: &str| Item::Bulk(text.into());
    let items = [Item::Aggregate(4), bulk("server"), bulk("valkey"), bulk("proto"), Item::Line("2".into())];
    assert_eq!(wire::value(&items, "server"), Some("valkey"));
    assert_eq!(wire::value(&items, "proto"), Some("2"));
    assert_eq!(wire::value(&items, "version"), None);
    let info = "# Server\r\nredis_version:7.0.15\r\nconfig_file:\r\n";
    assert_eq!(wire::field(info, "redis_version"), Some("7.0.15"));
    assert_eq!(wire::field(info, "config_file"), None);
    assert_eq!(wire::field(info, "version"), None);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
