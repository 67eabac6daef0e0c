//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Found, testkit};

use crate::software;
use crate::wire::{self, Banner, KexInit, KeyReply, PublicValue};

fn banner(line: &str) -> Banner {
    Banner::read(line).unwrap_or_else(|| panic!("{line} is an identification"))
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}

#[test]
fn identifications_are_taken_apart() {
    let debian = banner("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
    assert_eq!((debian.protocol.as_str(), debian.software.as_str()), ("2.0", "OpenSSH_9.2p1"));
    assert_eq!(debian.comment, "Debian-2+deb12u3");
    assert!(banner("SSH-1.99-Cisco-1.25").speaks_2());
    assert!(!banner("SSH-1.5-OpenSSH_2.1.1").speaks_2());
    for other in ["SSH-", "SSH-2-x", "SSH-2.0", "SSH-a.b-c", "SSH-2.0-a\x07", "HTTP/1.1 400 Bad Request", "220 ftp"] {
        assert_eq!(Banner::read(other), None, "{other}");
    }
}

#[test]
fn software_is_named() {
    for (line, product, version, cpe, os) in [
        ("OpenSSH_9.2p1 Debian-2+deb12u3", "OpenSSH", "9.2p1", "cpe:/a:openbsd:openssh:9.2p1", "Linux"),
        ("OpenSSH_for_Windows_8.1", "OpenSSH for_Windows", "8.1", "cpe:/a:openbsd:openssh:8.1", "Windows"),
        ("dropbear_2022.83", "Dropbear sshd", "2022.83", "cpe:/a:dropbear_ssh_project:dropbear_ssh:2022.83", ""),
        ("dropbear", "Dropbear sshd", "", "cpe:/a:dropbear_ssh_project:dropbear_ssh", ""),
        ("Go", "Golang x/crypto/ssh server", "", "cpe:/a:golang:crypto", ""),
        ("ssh2js1.16.0", "ssh2 for Node.js", "1.16.0", "", ""),
        ("GoodTech", "", "", "", ""),
        ("Serv-U_15.4.2.155", "", "", "", ""),
    ] {
        let mut found = Found::default();
        software::name(&banner(&format!("SSH-2.0-{line}")), &mut found);
        assert_eq!(
            (found.product.as_str(), found.version.as_str(), found.os.as_str()),
            (product, version, os),
            "{line}"
        );
        assert_eq!(found.cpe.first().map_or("", String::as_str), cpe, "{line}");
    }
}

#[test]
fn packets_are_whole_blocks() {
    for length in 0..64 {
        let packet = wire::packet(&vec![7; length]);
        assert_eq!(packet.len() % 8, 0);
        assert_eq!(wire::payload(&packet), Ok(&vec![7; length][..]));
        assert_eq!(wire::length(&packet[..4]).ok(), (packet.len() >= 16).then_some(packet.len()));
    }
    assert_eq!(wire::payload(&[0, 0, 0, 12, 200, 1, 2, 3]), Err(portprint_plugin_sdk::Short));
    assert!(wire::length(b"HTTP").is_err());
}

#[test]
fn offers_are_read_and_answered() {
    let offer = KexInit {
        kex: vec!["curve25519-sha256".into(), "ext-info-s".into()],
        host_key: vec!["rsa-sha2-512".into(), "ssh-ed25519".into()],
        cipher_to_client: vec!["aes128-ctr".into()],
        ..KexInit::default()
    };
    let (kex, value) = wire::key_exchange(&offer.kex).expect("it is known");
    assert_eq!((kex, value), ("curve25519-sha256", PublicValue::X25519));
    let answer = KexInit::read(&offer.answer([9; 16], kex)).expect("it is whole");
    assert_eq!(answer.kex, ["curve25519-sha256"]);
    assert_eq!(answer.host_key, ["ssh-ed25519", "rsa-sha2-512"]);
    assert_eq!(answer.cipher_to_client, ["aes128-ctr"]);
    let whole = offer.answer([9; 16], kex);
    for length in 0..whole.len() {
        assert!(KexInit::read(&whole[..length]).is_err(), "{length}");
    }
    assert_eq!(wire::key_exchange(&["sntrup761x25519-sha512".into()]), None);
}

#[test]
fn numbers_are_positive_and_below_the_prime() {
    let message = PublicValue::Group(128).message(&mut [0xff; 127]);
    assert_eq!(message[..6], [30, 0, 0, 0, 127, 0x7f]);
    let message = PublicValue::Group(128).message(&mut [0; 127]);
    assert_eq!(message[5], 0x40);
}

#[test]
fn host_keys_are_shown_as_in_files() {
    let mut reply = b"\x1f\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    reply.extend_from_slice(&[1; 32]);
    reply.extend_from_slice(b"\0\0\0\x01f\0\0\0\x01s");
    let key = KeyReply::read(&reply).expect("it is whole");
    assert_eq!((key.algorithm.as_str(), key.blob.len(), key.bits()), ("ssh-ed25519", 51, None));
    for length in 0..reply.len() {
        assert!(KeyReply::read(&reply[..length]).is_err(), "{length}");
    }
    let rsa = KeyReply { algorithm: "ssh-rsa".into(), blob: b"\0\0\0\x07ssh-rsa\0\0\0\x01\x03\0\0\0\x03\0\x80\x01" };
    assert_eq!(rsa.bits(), Some(16));
    let empty = KeyReply { algorithm: "ssh-rsa".into(), blob: b"\0\0\0\x07ssh-rsa\0\0\0\x01\x03\0\0\0\0" };
    assert_eq!(empty.bits(), None);
    for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foob", "Zm9vYg==")] {
        assert_eq!(wire::base64(bytes), text);
    }
}
