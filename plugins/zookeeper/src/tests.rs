//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, ConnectResponse, Server};

const SRVR: &str = "Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2024-12-29 17:54 UTC\nLatency min/avg/max: 0/0.0/0\nReceived: 17\n\
    Sent: 0\nConnections: 1\nOutstanding: 0\nZxid: 0x0\nMode: standalone\nNode count: 5\n";

#[test]
fn servers_say_what_they_are() {
    let server = Server::read(SRVR).expect("it is whole");
    assert_eq!((server.software.as_str(), server.version.as_str()), ("Zookeeper", "3.8.0"));
    assert_eq!((server.mode.as_deref(), server.nodes), (Some("standalone"), Some(5)));
    assert_eq!(server.built.as_deref(), Some("2024-12-29 17:54 UTC"));
    let keeper =
        SRVR.replace(SRVR.lines().next().unwrap_or_default(), "ClickHouse Keeper version: v23.8.2.7-lts-f73c8f37");
    let keeper = Server::read(&keeper).expect("it is whole");
    assert_eq!((keeper.software.as_str(), keeper.version.as_str()), ("ClickHouse Keeper", "23.8.2.7"));
    assert_eq!(Server::read("HTTP/1.0 400 Bad version: 1\nLatency min/avg/max: 0\nZxid: 0"), None);
    assert_eq!(Server::read("Zookeeper version: 3.8.0"), None);
}

#[test]
fn releases_are_cut_out() {
    for (version, release) in [
        ("3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf", "3.4.14"),
        ("3.5.3-beta-8ce24f9e675cbefffb8f21a47e06b42864475a60", "3.5.3-beta"),
        ("3.6.3--6401e4ad2087061bc6b9f80dec2d69f2e3c8660a", "3.6.3"),
        ("3.9.0-rc1-x", "3.9.0-rc1"),
        ("", ""),
        ("ä", ""),
    ] {
        assert_eq!(wire::release(version), release);
    }
}

#[test]
fn refusals_name_the_word() {
    assert!(wire::is_refused("srvr is not executed because it is not in the whitelist.\n", "srvr"));
    assert!(!wire::is_refused("stat is not executed because it is not in the whitelist.\n", "srvr"));
}

#[test]
fn sessions_are_refused() {
    let mut response = [0; 41];
    response[3] = 37;
    response[23] = 16;
    assert_eq!(ConnectResponse::read(&response), Ok(ConnectResponse::Expired));
    response[11] = 200;
    assert!(ConnectResponse::read(&response).is_err());
    response[12] = 1;
    assert_eq!(ConnectResponse::read(&response), Ok(ConnectResponse::Session));
    assert!(ConnectResponse::read(&[0; 41]).is_err());
    // What comes back from an echo.
    let request = wire::connect_request();
    assert_eq!(request.len(), 49);
    assert!(ConnectResponse::read(&request).is_err());
    assert!(ConnectResponse::read(&request[..41]).is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
