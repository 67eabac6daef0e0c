//! Which software it is, by what only one says.

/// A product and its CPE.
pub(crate) type Software = (&'static str, &'static str);

const PROSODY: Software = ("Prosody", "cpe:/a:prosody:prosody");
const EJABBERD: Software = ("ejabberd", "cpe:/a:process-one:ejabberd");
const JABBERD: Software = ("jabberd", "cpe:/a:jabberd2:jabberd2");
const OPENFIRE: Software = ("Ignite Realtime Openfire", "cpe:/a:igniterealtime:openfire");
const MONGOOSE: Software = ("MongooseIM", "cpe:/a:erlang-solutions:mongooseim");
const TIGASE: Software = ("Tigase XMPP Server", "cpe:/a:tigase:tigase");

/// By the address that servers show in XEP-0115.
pub(crate) fn by_node(node: &str) -> Option<Software> {
    let nodes = [
        ("prosody.im", PROSODY),
        ("process-one.net/en/ejabberd", EJABBERD),
        ("igniterealtime.org/projects/openfire", OPENFIRE),
        ("mongooseim", MONGOOSE),
        ("tigase", TIGASE),
    ];
    let node = node.to_ascii_lowercase();
    nodes.into_iter().find_map(|(part, software)| node.contains(part).then_some(software))
}

/// By the words of a complaint.
pub(crate) fn by_complaint(text: &str) -> Option<Software> {
    let is_host = |text: &str| !text.is_empty() && !text.contains(' ');
    match text {
        "A 'to' attribute is required on stream headers" | "No stream features to offer" => Some(PROSODY),
        "Missing 'to' attribute" => Some(EJABBERD),
        "no 'to' attribute on stream header"
        | "service requested for unknown domain"
        | "session manager for requested domain is not available" => Some(JABBERD),
        _ => {
            let host = text
                .strip_prefix("This server does not serve ")
                .or_else(|| text.strip_prefix("This host does not serve "));
            host.filter(|host| is_host(host)).map(|_| PROSODY)
        }
    }
}
