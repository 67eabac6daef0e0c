//! The conversation.

use portprint_plugin_sdk::{End, Talk, text};

use crate::wire::{self, ConnectResponse, Server};

/// The longest answer that is read.
const MOST: usize = 16 * 1024;
/// The longest first line.
const MOST_LINE: usize = 256;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    talk.send(b"srvr");
    match talk.peek(4).await {
        Err(End::Eof | End::Reset | End::TimedOut) => return connect(talk).await,
        Err(end) => return Err(end),
        Ok(_) => {}
    }
    let mut answer = talk.read_until(b"\n", MOST_LINE).await?;
    if wire::is_first_line(&answer) {
        answer.extend(talk.read_to_end(MOST).await);
    }
    let answer = text(&answer);
    if let Some(server) = Server::read(&answer) {
        found(talk, &server);
    } else if wire::is_refused(&answer, "srvr") || wire::is_not_serving(&answer) {
        talk.found.service = "zookeeper".into();
    } else {
        return Err(End::Mismatch);
    }
    let is_refused = wire::is_refused(&answer, "srvr");
    if wire::is_not_serving(&answer) {
        talk.found.info = "not serving requests".into();
    }
    talk.reconnect().await?;
    talk.send(b"envi");
    let environment = text(&talk.read_to_end(MOST).await);
    talk.found.detail("commands_restricted", is_refused || wire::is_refused(&environment, "envi"));
    system(talk, &environment);
    Ok(())
}

fn found(talk: &mut Talk, server: &Server) {
    talk.found.service = "zookeeper".into();
    let version = &server.version;
    let has_version = if version.is_empty() { String::new() } else { format!(":{version}") };
    match server.software.as_str() {
        "Zookeeper" => {
            talk.found.product = "Apache ZooKeeper".into();
            talk.found.cpe = vec![format!("cpe:/a:apache:zookeeper{has_version}")];
        }
        "ClickHouse Keeper" => {
            talk.found.product = "ClickHouse Keeper".into();
            talk.found.cpe = vec![format!("cpe:/a:clickhouse:clickhouse{has_version}")];
        }
        other => other.clone_into(&mut talk.found.product),
    }
    talk.found.version.clone_from(version);
    if let Some(mode) = &server.mode {
        talk.found.info.clone_from(mode);
        talk.found.detail("mode", mode.as_str());
    }
    if let Some(built) = &server.built {
        talk.found.detail("build_date", built.as_str());
    }
    if let Some(zxid) = &server.zxid {
        talk.found.detail("zxid", zxid.as_str());
    }
    for (key, value) in [("connections", server.connections), ("node_count", server.nodes)] {
        if let Some(value) = value {
            talk.found.detail(key, value);
        }
    }
}

/// What the environment tells of the host.
fn system(talk: &mut Talk, environment: &str) {
    let field = |name| wire::field(environment, name, "=").filter(|value| !value.is_empty());
    let Some(version) = field("zookeeper.version").or_else(|| field("clickhouse.keeper.version")) else { return };
    if talk.found.version.is_empty() {
        wire::release(version).clone_into(&mut talk.found.version);
    }
    if let Some(host) = field("host.name").filter(|&host| host != "localhost" && host != "<NA>") {
        host.clone_into(&mut talk.found.hostname);
    }
    if let Some(os) = field("os.name") {
        os.clone_into(&mut talk.found.os);
    }
    if let Some(java) = field("java.version") {
        talk.found.detail("java_version", java);
    }
}

/// Asks for a session that does not exist.
async fn connect(talk: &mut Talk) -> Result<(), End> {
    talk.reconnect().await?;
    talk.send(&wire::connect_request());
    let [short, long] = ConnectResponse::LENGTHS;
    // The last byte is not there in old versions, which close at once.
    let bytes = match talk.peek(long).await {
        Ok(bytes) => bytes.to_vec(),
        Err(_) => talk.read(short).await?,
    };
    let response = ConnectResponse::read(&bytes)?;
    talk.found.service = "zookeeper".into();
    talk.found.detail("commands_restricted", true);
    if response == ConnectResponse::Session {
        talk.send(&wire::close_session());
        talk.read_to_end(1).await;
    }
    Ok(())
}
