//! The conversation.

use portprint_plugin_sdk::{End, Reader, Talk};

use crate::wire::{self, Head};

/// The version that all servers since 2015 speak.
const VERSION: u8 = 4;

/// "Protocol error".
const PROTOCOL_ERROR: u32 = 0x0a;

/// What the server tells of itself to those who need not log in.
const LOCAL: &str = "SELECT release_version, cluster_name, data_center FROM system.local";

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut version = VERSION;
    let mut answer = ask(talk, version, wire::OPTIONS, &[]).await?;
    if answer.head.opcode == wire::ERROR {
        let (code, message) = wire::error(answer.body()?)?;
        // It says in which version it would be understood.
        if code != PROTOCOL_ERROR || answer.version >= version || !message.contains("rotocol") {
            return Err(End::Mismatch);
        }
        talk.found.service = "cassandra-native".into();
        version = answer.version;
        talk.reconnect().await?;
        answer = ask(talk, version, wire::OPTIONS, &[]).await?;
    }
    if answer.head.opcode != wire::SUPPORTED {
        return Err(End::Mismatch);
    }
    let options = wire::supported(answer.body()?)?;
    talk.found.service = "cassandra-native".into();
    tell_options(talk, version, &options);

    let cql = options.iter().find_map(|(name, values)| values.first().filter(|_| name == "CQL_VERSION"));
    let answer = ask(talk, version, wire::STARTUP, &wire::startup(cql.map_or("3.0.0", String::as_str))).await?;
    match answer.head.opcode {
        wire::READY => {
            talk.found.detail("auth_required", false);
            let answer = ask(talk, version, wire::QUERY, &wire::query(version, LOCAL)).await?;
            if answer.head.opcode == wire::RESULT {
                tell_local(talk, &wire::row(answer.body()?)?);
            }
        }
        wire::AUTHENTICATE => {
            // "org.apache.cassandra.auth.PasswordAuthenticator"
            let class = wire::string(&mut answer.body()?)?;
            talk.found.detail("auth_required", true);
            talk.found.detail("auth_method", class.rsplit('.').next().unwrap_or_default());
        }
        _ => {}
    }
    Ok(())
}

struct Answer {
    version: u8,
    head: Head,
    bytes: Vec<u8>,
}

impl Answer {
    fn body(&self) -> Result<Reader<'_>, End> {
        Ok(self.head.body(&self.bytes)?)
    }
}

/// Sends a request, and reads what answers it.
async fn ask(talk: &mut Talk, version: u8, opcode: u8, body: &[u8]) -> Result<Answer, End> {
    talk.send(&wire::request(version, opcode, body));
    let first = talk.peek(1).await?.first().copied().unwrap_or_default();
    let version = wire::version(first).ok_or(End::Mismatch)?;
    let head = Head::read(&talk.read(wire::head_length(version)).await?)?;
    let bytes = talk.read(head.length).await?;
    Ok(Answer { version, head, bytes })
}

fn tell_options(talk: &mut Talk, version: u8, options: &[(String, Vec<String>)]) {
    let mut versions = vec![version.to_string()];
    for (name, values) in options {
        match name.as_str() {
            // "3/v3", "4/v4", "5/v5-beta", "65/dse-v1"
            "PROTOCOL_VERSIONS" => {
                versions.clone_from(values);
                name_product(
                    talk,
                    if values.iter().any(|it| it.contains("dse")) { "DataStax Enterprise" } else { "Apache Cassandra" },
                );
            }
            "CQL_VERSION" => {
                for value in values {
                    talk.found.detail("cql_version", value.as_str());
                }
            }
            "COMPRESSION" => {
                for value in values {
                    talk.found.detail("compression", value.as_str());
                }
            }
            name if name.starts_with("SCYLLA_") => name_product(talk, "ScyllaDB"),
            _ => {}
        }
    }
    for version in versions {
        talk.found.detail("protocol_version", version);
    }
}

fn name_product(talk: &mut Talk, product: &str) {
    if talk.found.product.is_empty() {
        talk.found.product = product.into();
        talk.found.cpe = match product {
            "Apache Cassandra" => vec!["cpe:/a:apache:cassandra".into()],
            "ScyllaDB" => vec!["cpe:/a:scylladb:scylladb".into()],
            _ => vec![],
        };
    }
}

fn tell_local(talk: &mut Talk, row: &[(String, String)]) {
    for (name, value) in row.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            // Before 3.10 nothing but this tells that it is Cassandra. Others say here which version they are like.
            "release_version" if is_cassandra(&talk.found.product, value) => {
                name_product(talk, "Apache Cassandra");
                talk.found.version.clone_from(value);
                talk.found.cpe = vec![format!("cpe:/a:apache:cassandra:{value}")];
            }
            "release_version" => talk.found.info = format!("as Cassandra {value}"),
            "cluster_name" => talk.found.detail("cluster", value.as_str()),
            "data_center" => talk.found.detail("data_center", value.as_str()),
            _ => {}
        }
    }
}

fn is_cassandra(product: &str, version: &str) -> bool {
    product == "Apache Cassandra"
        || product.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
