//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Item};

/// The field of `INFO` with a product's version, the product, and its CPE if it has one.
const PRODUCTS: [(&str, &str, &str); 10] = [
    ("valkey_version", "Valkey", "cpe:/a:lfprojects:valkey"),
    ("dragonfly_version", "Dragonfly", ""),
    ("keydb_version", "KeyDB", ""),
    ("kvrocks_version", "Apache Kvrocks", "cpe:/a:apache:kvrocks"),
    ("garnet_version", "Garnet", ""),
    ("redict_version", "Redict", ""),
    ("pika_version", "Pika", ""),
    ("memurai_version", "Memurai", ""),
    ("upstash_version", "Upstash", ""),
    ("tile38_version", "Tile38", ""),
];

const REDIS: &str = "Redis key-value store";
const REDIS_CPE: &str = "cpe:/a:redis:redis";

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let hello = ask(talk, &["HELLO"]).await?;
    if let Some(answer) = Hello::read(&hello) {
        found(talk);
        answer.tell(talk);
    } else {
        let [Item::Error(error)] = hello.as_slice() else { return Err(End::Mismatch) };
        if let Some(product) = turned_away(error) {
            found(talk);
            if product == "Redis" {
                name(talk, REDIS, "", REDIS_CPE);
            } else {
                name(talk, product, "", "");
            }
            "protected mode".clone_into(&mut talk.found.info);
            talk.found.detail("protected_mode", true);
            return Ok(());
        }
    }
    // An error alone is nothing special, but nobody else says PONG, or which of its errors forbids it.
    let ping = ask(talk, &["PING"]).await?;
    let is_open = match ping.as_slice() {
        [Item::Simple(pong)] if pong == "PONG" => true,
        [Item::Error(error)] if wants_password(error) => false,
        // Sentinels and servers that are still loading have answers of their own.
        [Item::Error(_)] if !talk.found.service.is_empty() => true,
        _ => return Err(End::Mismatch),
    };
    found(talk);
    if !is_open {
        talk.found.detail("auth_required", true);
    }
    let mut info = ask(talk, &["INFO", "server"]).await?;
    if let [Item::Error(error)] = info.as_slice()
        && error.contains("wrong number of arguments")
    {
        info = ask(talk, &["INFO"]).await?;
    }
    if let [Item::Bulk(info)] = info.as_slice() {
        tell(talk, info);
    }
    if is_open {
        let is_forbidden =
            |error: &String| wants_password(error) || error.starts_with("NOPERM") || error.starts_with("NOAUTH");
        talk.found.detail("auth_required", matches!(info.as_slice(), [Item::Error(error)] if is_forbidden(error)));
    }
    talk.send(&wire::command(&["QUIT"]));
    // The connection is closed after the answer, whatever that is.
    let _ = talk.read_some().await;
    Ok(())
}

async fn ask(talk: &mut Talk, words: &[&str]) -> Result<Vec<Item>, End> {
    talk.send(&wire::command(words));
    wire::reply(talk).await
}

fn found(talk: &mut Talk) {
    talk.found.service = "redis".into();
}

fn name(talk: &mut Talk, product: &str, version: &str, cpe: &str) {
    talk.found.product = product.into();
    talk.found.version = version.into();
    talk.found.cpe = match (cpe, version) {
        ("", _) => vec![],
        (_, "") => vec![cpe.into()],
        _ => vec![format!("{cpe}:{version}")],
    };
}

fn wants_password(error: &str) -> bool {
    error.starts_with("NOAUTH ") || error == "ERR operation not permitted"
}

/// Whom a server that lets only its own host in says that it is.
fn turned_away(error: &str) -> Option<&str> {
    let (product, _) = error.strip_prefix("DENIED ")?.split_once(" is running in protected mode")?;
    is_word(product).then_some(product)
}

/// Whether this can be the name of a product.
fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// What `HELLO` answers with.
struct Hello<'a> {
    items: &'a [Item],
    server: &'a str,
    version: &'a str,
}

impl<'a> Hello<'a> {
    fn read(items: &'a [Item]) -> Option<Self> {
        let server = wire::value(items, "server")?;
        let version = wire::value(items, "version")?;
        wire::value(items, "proto")?;
        matches!(items, [Item::Aggregate(_), ..]).then_some(Self { items, server, version })
    }

    fn tell(&self, talk: &mut Talk) {
        talk.found.detail("protocol_version", "RESP3");
        for (name, key) in [("mode", "mode"), ("role", "role")] {
            if let Some(value) = wire::value(self.items, name) {
                talk.found.detail(key, value);
            }
        }
        // Others than Redis say that they are Redis, too. INFO tells.
        match self.server {
            "redis" => {}
            "valkey" => name(talk, "Valkey", self.version, "cpe:/a:lfprojects:valkey"),
            other if is_word(other) => name(talk, other, self.version, ""),
            _ => {}
        }
        let modules =
            self.items.iter().position(|item| matches!(item, Item::Bulk(it) | Item::Simple(it) if it == "modules"));
        if let Some(modules) = modules.and_then(|at| self.items.get(at..)) {
            for pair in modules.windows(2) {
                if let [Item::Bulk(key) | Item::Simple(key), Item::Bulk(module) | Item::Simple(module)] = pair
                    && key == "name"
                {
                    talk.found.detail("module", module.as_str());
                }
            }
        }
    }
}

/// What `INFO` tells.
fn tell(talk: &mut Talk, info: &str) {
    let redis = wire::field(info, "redis_version").unwrap_or_default();
    let known = PRODUCTS.iter().find_map(|&(field, product, cpe)| Some((product, wire::field(info, field)?, cpe)));
    // KeyDB has no version beside the one that it gives as Redis's, but the name of its program.
    let program = wire::field(info, "executable").unwrap_or_default();
    if let Some((product, version, cpe)) = known {
        // Dragonfly: "df-v1.25.3"
        let version = version.trim_start_matches(|c: char| !c.is_ascii_digit());
        name(talk, product, version, cpe);
        if !redis.is_empty() {
            talk.found.detail("redis_version", redis);
        }
    } else if program.ends_with("keydb-server") {
        name(talk, "KeyDB", redis, "");
    } else if talk.found.product.is_empty() && !redis.is_empty() {
        name(talk, REDIS, redis, REDIS_CPE);
    }
    if let Some(os) = wire::field(info, "os") {
        // "Linux 6.1.0-18-amd64 x86_64"
        os.split(' ').next().unwrap_or_default().clone_into(&mut talk.found.os);
        talk.found.detail("kernel", os);
    }
    let mode = ["redis_mode", "server_mode"].iter().find_map(|name| wire::field(info, name));
    if let Some(mode) = mode {
        if mode != "standalone" {
            mode.clone_into(&mut talk.found.info);
        }
        if !talk.found.details.iter().any(|(key, _)| key == "mode") {
            talk.found.detail("mode", mode);
        }
    }
    if let Some(id) = wire::field(info, "run_id") {
        talk.found.detail("server_id", id);
    }
}
