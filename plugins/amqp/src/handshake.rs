//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::one::{self, Open, Performative};
use crate::wire::{self, Field, Header, Start};

/// The name that this client gives itself.
const CONTAINER: &str = "portprint";

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    talk.send(&wire::AMQP_0_9_1);
    let head: [u8; 7] = match talk.peek(7).await {
        Ok(head) => first(head)?,
        // Some servers that speak another version say nothing.
        Err(End::Eof | End::Reset) => return sasl(talk).await,
        Err(end) => return Err(end),
    };
    if let Some(length) = wire::method_frame(head) {
        let frame = talk.read(7 + length + 1).await?;
        let start = Start::read(frame.get(7..).unwrap_or_default())?;
        introduced(talk, start);
        return Ok(());
    }
    let header = header(talk).await?;
    // A server that speaks what it was asked for does not ask for it. This is an echo.
    let protocol = wire::protocol(header).filter(|_| header != wire::AMQP_0_9_1).ok_or(End::Mismatch)?;
    talk.found.service = "amqp".into();
    if protocol == "1.0" {
        sasl(talk).await
    } else {
        speaks(talk, protocol);
        Ok(())
    }
}

/// Says which protocol it is.
fn speaks(talk: &mut Talk, protocol: &str) {
    talk.found.service = "amqp".into();
    talk.found.info = format!("AMQP {protocol}");
    talk.found.detail("protocol_version", protocol);
}

/// A server of AMQP 0-9-1 says everything before it is asked anything.
fn introduced(talk: &mut Talk, start: Start) {
    speaks(
        talk,
        match start.version {
            (0, 9) => "0-9-1",
            (0, 10) => "0-10",
            _ => "0-8",
        },
    );
    let property = |name| wire::find(&start.properties, name);
    product(talk, property("product"), property("version"));
    for key in ["platform", "cluster_name"] {
        if let Some(value) = property(key) {
            talk.found.detail(key, value);
        }
    }
    mechanisms(talk, &start.mechanisms);
    for (key, value) in &start.properties {
        if let (Field::Table(capabilities), "capabilities") = (value, key.as_str()) {
            for (name, _) in capabilities.iter().filter(|(_, value)| *value == Field::Bool(true)) {
                talk.found.detail("capability", name.as_str());
            }
        }
    }
}

fn mechanisms(talk: &mut Talk, mechanisms: &[String]) {
    if !mechanisms.is_empty() {
        talk.found.detail("auth_required", mechanisms.iter().all(|mechanism| mechanism != "ANONYMOUS"));
    }
    for mechanism in mechanisms {
        talk.found.detail("mechanism", mechanism.as_str());
    }
}

fn product(talk: &mut Talk, product: Option<&str>, version: Option<&str>) {
    let Some(product) = product else { return };
    let version = version.unwrap_or_default();
    let (name, cpe) = match product {
        "RabbitMQ" => (product, "vmware:rabbitmq"),
        "LavinMQ" => (product, "cloudamqp:lavinmq"),
        "ActiveMQ" => ("Apache ActiveMQ", "apache:activemq"),
        "apache-activemq-artemis" => ("Apache ActiveMQ Artemis", "apache:activemq_artemis"),
        other => (other, ""),
    };
    name.clone_into(&mut talk.found.product);
    version.clone_into(&mut talk.found.version);
    if !cpe.is_empty() {
        let has_version = if version.is_empty() { String::new() } else { format!(":{version}") };
        talk.found.cpe = vec![format!("cpe:/a:{cpe}{has_version}")];
    }
}

/// AMQP 1.0, by its SASL layer.
async fn sasl(talk: &mut Talk) -> Result<(), End> {
    talk.reconnect().await?;
    talk.send(&wire::SASL_1_0);
    let header = match header(talk).await {
        Ok(header) => header,
        // There may be no such layer. For who has said nothing yet this was the last question.
        Err(End::Eof | End::Reset) if !talk.found.service.is_empty() => return plain(talk).await,
        Err(end) => return Err(end),
    };
    match header {
        wire::SASL_1_0 => {}
        wire::AMQP_1_0 => {
            talk.found.service = "amqp".into();
            return plain(talk).await;
        }
        _ => return Err(End::Mismatch),
    }
    let Performative::Mechanisms(offered) = performative(talk).await? else { return Err(End::Mismatch) };
    speaks(talk, "1.0");
    if offered.iter().any(|mechanism| mechanism == "ANONYMOUS") {
        talk.send(&one::SASL_ANONYMOUS);
        let is_content = performative(talk).await;
        talk.found.detail("auth_required", is_content != Ok(Performative::Outcome(true)));
        for mechanism in &offered {
            talk.found.detail("mechanism", mechanism.as_str());
        }
        if is_content? == Performative::Outcome(true) {
            open(talk).await?;
        }
    } else {
        mechanisms(talk, &offered);
    }
    Ok(())
}

/// AMQP 1.0 without a SASL layer.
async fn plain(talk: &mut Talk) -> Result<(), End> {
    talk.reconnect().await?;
    open(talk).await?;
    talk.found.detail("auth_required", false);
    Ok(())
}

/// Opens a connection of AMQP 1.0, and closes it.
async fn open(talk: &mut Talk) -> Result<(), End> {
    let open = one::open(CONTAINER, talk.host());
    talk.send(&wire::AMQP_1_0);
    talk.send(&open);
    if header(talk).await? != wire::AMQP_1_0 {
        return Err(End::Mismatch);
    }
    let Performative::Open(open) = performative(talk).await? else { return Err(End::Mismatch) };
    if talk.found.info.is_empty() {
        speaks(talk, "1.0");
    }
    opened(talk, open);
    talk.send(&one::CLOSE);
    // Its own close, or nothing.
    let _ = performative(talk).await;
    Ok(())
}

fn opened(talk: &mut Talk, open: Open) {
    product(talk, open.product.as_deref(), open.version.as_deref());
    if let Some(platform) = open.platform {
        talk.found.detail("platform", platform);
    }
    if !open.container.is_empty() && open.container != CONTAINER {
        talk.found.detail("container_id", open.container);
    }
    for capability in open.capabilities {
        talk.found.detail("capability", capability);
    }
}

/// The header that the server sends.
async fn header(talk: &mut Talk) -> Result<Header, End> {
    if talk.peek(4).await? != b"AMQP" {
        return Err(End::Mismatch);
    }
    first(&talk.read(8).await?)
}

/// A frame of AMQP 1.0. Empty ones only say that the peer is alive.
async fn performative(talk: &mut Talk) -> Result<Performative, End> {
    const MOST_EMPTY: usize = 4;
    for _ in 0..MOST_EMPTY {
        let length = one::length(first(talk.peek(4).await?)?).ok_or(End::Mismatch)?;
        let frame = talk.read(length).await?;
        if length > 8 {
            return Ok(Performative::read(&frame)?);
        }
    }
    Err(End::Mismatch)
}

fn first<const N: usize>(bytes: &[u8]) -> Result<[u8; N], End> {
    bytes.first_chunk().copied().ok_or(End::Mismatch)
}
