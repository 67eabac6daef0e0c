//! Holds conversations with plugins that a fuzzer makes up: the first byte says with which one, the others what it is told.
//!
//! What a peer says is made of the plugin's fixtures, changed, cut and made up, so that the fuzzer begins behind the first handshake.
//!
//! ```sh
//! cargo install cargo-fuzz
//! RUSTC_BOOTSTRAP=1 cargo fuzz run plugins        # from the checkout; a stable compiler has to be told that it may use a sanitiser
//! ```

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portprint_plugin_sdk::testkit::{Corpus, Entry, fixtures, fuzz, plugin};

/// Every plugin's folder and entry.
macro_rules! plugins {
    ($($folder:literal => $name:ident,)*) => { &[$(($folder, $name::portprint_plugin_entry as Entry)),*] };
}

const PLUGINS: &[(&str, Entry)] = plugins! {
    "ajp" => portprint_plugin_ajp,
    "amqp" => portprint_plugin_amqp,
    "bacnet" => portprint_plugin_bacnet,
    "cassandra" => portprint_plugin_cassandra,
    "coap" => portprint_plugin_coap,
    "dbus" => portprint_plugin_dbus,
    "dicom" => portprint_plugin_dicom,
    "dnp3" => portprint_plugin_dnp3,
    "dns" => portprint_plugin_dns,
    "ethernetip" => portprint_plugin_ethernetip,
    "http2" => portprint_plugin_http2,
    "iec104" => portprint_plugin_iec104,
    "ikev2" => portprint_plugin_ikev2,
    "ipmi" => portprint_plugin_ipmi,
    "iscsi" => portprint_plugin_iscsi,
    "kafka" => portprint_plugin_kafka,
    "ldap" => portprint_plugin_ldap,
    "memcached" => portprint_plugin_memcached,
    "modbus" => portprint_plugin_modbus,
    "mongodb" => portprint_plugin_mongodb,
    "mqtt" => portprint_plugin_mqtt,
    "mssql" => portprint_plugin_mssql,
    "mysql" => portprint_plugin_mysql,
    "nbd" => portprint_plugin_nbd,
    "ntp" => portprint_plugin_ntp,
    "opcua" => portprint_plugin_opcua,
    "openvpn" => portprint_plugin_openvpn,
    "postgresql" => portprint_plugin_postgresql,
    "quic" => portprint_plugin_quic,
    "rdp" => portprint_plugin_rdp,
    "redis" => portprint_plugin_redis,
    "rsync" => portprint_plugin_rsync,
    "s7comm" => portprint_plugin_s7comm,
    "sane" => portprint_plugin_sane,
    "sip" => portprint_plugin_sip,
    "smb" => portprint_plugin_smb,
    "snmp" => portprint_plugin_snmp,
    "ssh" => portprint_plugin_ssh,
    "starttls" => portprint_plugin_starttls,
    "stun" => portprint_plugin_stun,
    "tls" => portprint_plugin_tls,
    "xmpp" => portprint_plugin_xmpp,
    "zookeeper" => portprint_plugin_zookeeper,
};

static READY: LazyLock<Vec<(portprint_plugin_sdk::testkit::Plugin, Corpus)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let ready =
        |(name, entry): &(&str, Entry)| (plugin(*entry), Corpus::of(&fixtures(&folder.join(name).join("fixtures"))));
    PLUGINS.iter().map(ready).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let (plugin, corpus) = &READY[usize::from(first) % READY.len()];
    if let Err(fault) = fuzz(plugin, corpus, rest) {
        panic!("{}: {fault}", plugin.description().id);
    }
});
