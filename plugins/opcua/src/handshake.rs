//! The conversation.

use std::net::SocketAddr;

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Answer, Endpoint, Head, Kind};

/// Products that say who they are, by the beginning of their URI.
const PRODUCTS: [(&str, &str, &str); 5] = [
    ("http://open62541.org", "open62541", "cpe:/a:open62541:open62541"),
    ("urn:freeopcua.github.io:python", "FreeOpcUa Python", ""),
    ("urn:NodeOPCUA-Server", "node-opcua", "cpe:/a:node-opcua_project:node-opcua"),
    ("NodeOPCUA-Server", "node-opcua", "cpe:/a:node-opcua_project:node-opcua"),
    ("urn:eclipse:milo", "Eclipse Milo", "cpe:/a:eclipse:milo"),
];

/// Numbers of the two requests, which the server repeats.
const OPEN: u32 = 1;
const GET_ENDPOINTS: u32 = 2;
const CLOSE: u32 = 3;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let url = url(talk);
    talk.reconnect().await?;
    talk.send(&wire::hello(&url));
    let (head, body) = chunk(talk).await?;
    match head.kind {
        Kind::Acknowledge => {
            let version = wire::acknowledge(&body)?;
            talk.found.service = "opcua".into();
            talk.found.detail("protocol_version", version.to_string());
        }
        Kind::Error => {
            let error = wire::error(&body)?;
            talk.found.service = "opcua".into();
            return fault(talk, error);
        }
        _ => return Err(End::Mismatch),
    }

    talk.send(&wire::open(OPEN));
    let (head, body) = chunk(talk).await?;
    let channel = match head.kind {
        Kind::Open => match wire::channel(&body, OPEN)? {
            Answer::Yes(channel) => channel,
            Answer::Fault(status) => return fault(talk, (status, String::new())),
        },
        Kind::Error => return fault(talk, wire::error(&body)?),
        _ => return Err(End::Mismatch),
    };

    talk.send(&channel.get_endpoints(GET_ENDPOINTS, &url));
    let mut message = Vec::new();
    loop {
        let (head, body) = chunk(talk).await?;
        match head.kind {
            Kind::Message => message.extend_from_slice(wire::chunk(&body, GET_ENDPOINTS)?),
            Kind::Error => return fault(talk, wire::error(&body)?),
            _ => return Err(End::Mismatch),
        }
        if !head.goes_on {
            break;
        }
        if message.len() > wire::MOST {
            return Err(End::Mismatch);
        }
    }
    match wire::endpoints(&message, GET_ENDPOINTS)? {
        Answer::Yes(endpoints) => tell(talk, &endpoints),
        Answer::Fault(status) => talk.found.detail("error", format!("{status:#010x}")),
    }
    talk.send(&channel.close(CLOSE));
    // There is no answer.
    talk.read(0).await.map(|_| ())
}

/// Where the server is, as it is called here.
fn url(talk: &Talk) -> String {
    let (host, port) = (talk.host(), talk.port());
    if host.is_empty() || host.contains(':') {
        return format!("opc.tcp://{}", SocketAddr::new(talk.address(), port));
    }
    format!("opc.tcp://{host}:{port}")
}

/// The server speaks OPC UA, but not so.
fn fault(talk: &mut Talk, (status, reason): (u32, String)) -> Result<(), End> {
    talk.found.detail("error", format!("{status:#010x} {reason}").trim_end());
    Ok(())
}

fn tell(talk: &mut Talk, endpoints: &[Endpoint]) {
    if let Some(first) = endpoints.first() {
        let known = PRODUCTS.iter().find(|(uri, _, _)| first.product_uri.starts_with(uri));
        if let Some((_, product, cpe)) = known {
            (*product).clone_into(&mut talk.found.product);
            talk.found.cpe = Some(*cpe).filter(|cpe| !cpe.is_empty()).map(str::to_owned).into_iter().collect();
            talk.found.info.clone_from(&first.application_name);
        } else {
            talk.found.product.clone_from(&first.application_name);
        }
        let kind = match first.application_type {
            0 => "server",
            1 => "client",
            2 => "client and server",
            3 => "discovery server",
            _ => "",
        };
        for (key, text) in [
            ("application_name", first.application_name.as_str()),
            ("application_uri", &first.application_uri),
            ("application_type", kind),
            ("product_uri", &first.product_uri),
        ] {
            if !text.is_empty() {
                talk.found.detail(key, text);
            }
        }
    }
    list(talk, "endpoint", endpoints.iter().map(|it| it.url.clone()));
    let mode = |mode| match mode {
        1 => "None",
        2 => "Sign",
        3 => "SignAndEncrypt",
        _ => "",
    };
    list(talk, "security_mode", endpoints.iter().map(|it| mode(it.security_mode).to_owned()));
    let policy = |uri: &str| uri.rsplit('#').next().unwrap_or_default().to_owned();
    list(talk, "security_policy", endpoints.iter().map(|it| policy(&it.security_policy)));
    let token = |token| match token {
        0 => "anonymous",
        1 => "username",
        2 => "certificate",
        3 => "issued token",
        _ => "",
    };
    let tokens = || endpoints.iter().flat_map(|it| it.tokens.iter().copied());
    list(talk, "auth_method", tokens().map(|it| token(it).to_owned()));
    if tokens().next().is_some() {
        talk.found.detail("auth_required", !tokens().any(|it| it == 0));
    }
}

/// A detail for each different text.
fn list(talk: &mut Talk, key: &str, texts: impl Iterator<Item = String>) {
    /// More than any server has reason to say.
    const MOST: usize = 32;
    let mut told = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if told.len() < MOST && !told.contains(&text) {
            talk.found.detail(key, text.as_str());
            told.push(text);
        }
    }
}

/// The next chunk.
async fn chunk(talk: &mut Talk) -> Result<(Head, Vec<u8>), End> {
    let head = Head::read(talk.peek(wire::HEAD).await?).ok_or(End::Mismatch)?;
    let chunk = talk.read(wire::HEAD + head.length).await?;
    Ok((head, chunk.get(wire::HEAD..).unwrap_or_default().to_vec()))
}
