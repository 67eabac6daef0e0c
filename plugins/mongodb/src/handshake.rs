//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::bson::{Document, Writer};
use crate::wire::{self, Form};

/// The versions of MongoDB with which a wire version began.
const WIRE_VERSIONS: [(i64, &str); 23] = [
    (2, "2.6"),
    (3, "3.0"),
    (4, "3.2"),
    (5, "3.4"),
    (6, "3.6"),
    (7, "4.0"),
    (8, "4.2"),
    (9, "4.4"),
    (12, "4.9"),
    (13, "5.0"),
    (14, "5.1"),
    (15, "5.2"),
    (16, "5.3"),
    (17, "6.0"),
    (18, "6.1"),
    (19, "6.2"),
    (20, "6.3"),
    (21, "7.0"),
    (22, "7.1"),
    (23, "7.2"),
    (24, "7.3"),
    (25, "8.0"),
    (27, "8.2"),
];

/// The first wire version with `OP_MSG`.
const HAS_MSG: i64 = 6;

/// "Unauthorized".
const UNAUTHORIZED: i64 = 13;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let first = Writer::new().integer("isMaster", 1).bool("helloOk", true);
    let (form, hello) = match command(talk, Form::Query, first).await {
        Ok(hello) => (Form::Query, hello),
        // Newer servers need not understand it any more. Whoever says anything else speaks something else.
        Err(End::Eof | End::Reset) => {
            talk.reconnect().await?;
            (Form::Msg, command(talk, Form::Msg, Writer::new().integer("hello", 1)).await?)
        }
        Err(end) => return Err(end),
    };
    let hello = Document::read(&hello)?;
    // That it answers our number in MongoDB's form is nearly enough; it must be about this command, too.
    let is_about_it =
        ["ismaster", "isWritablePrimary", "maxWireVersion", "errmsg"].iter().any(|name| hello.get(name).is_some());
    if !is_about_it || hello.number("ok").is_none() {
        return Err(End::Mismatch);
    }
    talk.found.service = "mongodb".into();
    tell_hello(talk, &hello);
    let wire_version = hello.integer("maxWireVersion").unwrap_or_default();
    let form = if wire_version >= HAS_MSG { Form::Msg } else { form };

    let reply = command(talk, form, Writer::new().integer("buildInfo", 1)).await?;
    tell_build(talk, &Document::read(&reply)?, wire_version);

    let filter = Writer::new().text("name", "admin");
    let list = Writer::new().integer("listDatabases", 1).bool("nameOnly", true).document("filter", filter);
    let reply = command(talk, form, list).await?;
    if let Some(is_needed) = needs_login(&Document::read(&reply)?) {
        talk.found.detail("auth_required", is_needed);
    }
    Ok(())
}

/// Sends a command, and reads the document that answers it.
async fn command(talk: &mut Talk, form: Form, command: Writer) -> Result<Vec<u8>, End> {
    let id = u32::from_le_bytes(talk.random());
    talk.send(&wire::command(form, id, command));
    let (length, form) = wire::head(&talk.read(wire::HEAD).await?, id)?;
    let body = talk.read(length).await?;
    Ok(wire::document(&body, form)?.to_vec())
}

/// What `isMaster` and `hello` tell.
fn tell_hello(talk: &mut Talk, hello: &Document<'_>) {
    for (name, key) in [("minWireVersion", "min_wire_version"), ("maxWireVersion", "max_wire_version")] {
        if let Some(version) = hello.integer(name) {
            talk.found.detail(key, version);
        }
    }
    let mut info = Vec::new();
    if hello.text("msg").is_some_and(|msg| msg == "isdbgrid") {
        talk.found.detail("role", "mongos");
        info.push("mongos".to_owned());
    } else {
        let is = |name| hello.bool(name) == Some(true);
        let role = [
            ("arbiterOnly", "arbiter"),
            ("secondary", "secondary"),
            ("ismaster", "primary"),
            ("isWritablePrimary", "primary"),
        ];
        if let Some((_, role)) = role.into_iter().find(|(name, _)| is(*name)) {
            talk.found.detail("role", role);
        }
    }
    if let Some(set) = hello.text("setName") {
        info.push(format!("replica set {set}"));
        talk.found.detail("replica_set", set);
    }
    for host in hello.texts("hosts").into_iter().take(50) {
        talk.found.detail("member", host);
    }
    if let Some(me) = hello.text("me") {
        let host = me.rsplit_once(':').map_or(me.as_str(), |(host, _)| host);
        let is_address = host.is_empty() || host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        if !is_address {
            host.clone_into(&mut talk.found.hostname);
        }
    }
    talk.found.info = info.join("; ");
}

fn add_info(talk: &mut Talk, words: &str) {
    let info = &mut talk.found.info;
    if !info.is_empty() {
        info.push_str("; ");
    }
    info.push_str(words);
}

/// What `buildInfo` tells.
fn tell_build(talk: &mut Talk, build: &Document<'_>, wire_version: i64) {
    if build.number("ok") != Some(1.0) {
        // Since 8.1 this is told only to those who have logged in.
        if let Some((_, since)) = WIRE_VERSIONS.iter().rev().find(|(version, _)| *version <= wire_version) {
            add_info(talk, &format!("speaks as MongoDB {since} does"));
        }
        return;
    }
    let version = build.text("version").unwrap_or_default();
    // Who else speaks the protocol has the version that it is compatible with there, and its own elsewhere.
    let others = [
        ("ferretdbVersion", "FerretDB"),
        ("psmdbVersion", "Percona Server for MongoDB"),
        ("secantusVersion", "SecantusDB"),
    ];
    let ferret = build.document("ferretdb").and_then(|ferret| ferret.text("version"));
    let other = others.into_iter().find_map(|(name, product)| Some((product, build.text(name)?)));
    if let Some((product, own)) = ferret.map(|own| ("FerretDB", own)).or(other) {
        talk.found.product = product.into();
        talk.found.version = own.trim_start_matches('v').to_owned();
        talk.found.detail("mongodb_version", version);
    } else if build.has_prefix("ferretdb") {
        talk.found.product = "FerretDB".into();
        talk.found.detail("mongodb_version", version);
    } else if is_mongodb(build) {
        talk.found.product = "MongoDB".into();
        talk.found.cpe = vec![format!("cpe:/a:mongodb:mongodb:{version}")];
        talk.found.version = version;
    } else if !version.is_empty() {
        add_info(talk, &format!("as MongoDB {version}"));
        talk.found.detail("mongodb_version", version);
    }
    for module in build.texts("modules") {
        talk.found.detail("module", module);
    }
    if let Some(environment) = build.document("buildEnvironment") {
        let os = match environment.text("target_os").as_deref() {
            Some("linux") => "Linux",
            Some("windows") => "Windows",
            Some("macOS" | "osx") => "macOS",
            _ => "",
        };
        talk.found.os = os.into();
        for (name, key) in [("distmod", "distribution"), ("target_arch", "architecture")] {
            if let Some(value) = environment.text(name) {
                talk.found.detail(key, value);
            }
        }
    }
}

/// Whether it is MongoDB itself that was built: its commit, and the engine for scripts that it always says. Others leave these out.
fn is_mongodb(build: &Document<'_>) -> bool {
    let is_commit = |commit: String| commit.len() == 40 && commit.bytes().any(|byte| byte != b'0');
    let is_version = |version: String| version.starts_with(|c: char| c.is_ascii_digit());
    build.text("gitVersion").is_some_and(is_commit)
        && build.text("version").is_some_and(is_version)
        && (build.get("javascriptEngine").is_some()
            || build.get("sysInfo").is_some()
            || build.get("compilerFlags").is_some())
}

/// What the answer to `listDatabases` tells, if it is one.
fn needs_login(reply: &Document<'_>) -> Option<bool> {
    if reply.number("ok") == Some(1.0) {
        return Some(false);
    }
    let message = reply.text("errmsg").unwrap_or_default();
    let is_refused = reply.integer("code") == Some(UNAUTHORIZED)
        || ["need to login", "not authorized", "requires authentication", "unauthorized"]
            .iter()
            .any(|it| message.contains(it));
    is_refused.then_some(true)
}
