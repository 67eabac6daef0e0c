//! Which software a `server` header names.

use portprint_plugin_sdk::Found;

/// The name in the header in lower case, what nmap calls it, and the beginning of its CPE.
const KNOWN: &[(&str, &str, &str)] = &[
    ("apache", "Apache httpd", "cpe:/a:apache:http_server"),
    ("caddy", "Caddy httpd", "cpe:/a:caddyserver:caddy"),
    ("cloudflare", "Cloudflare http proxy", ""),
    ("envoy", "Envoy proxy", "cpe:/a:envoyproxy:envoy"),
    ("h2o", "h2o", "cpe:/a:dena:h2o"),
    ("hypercorn-h2", "Hypercorn", ""),
    ("istio-envoy", "Istio Envoy proxy", "cpe:/a:istio:istio"),
    ("jetty", "Jetty", "cpe:/a:eclipse:jetty"),
    ("kestrel", "Microsoft Kestrel httpd", ""),
    ("lighttpd", "lighttpd", "cpe:/a:lighttpd:lighttpd"),
    ("litespeed", "LiteSpeed httpd", "cpe:/a:litespeedtech:litespeed_web_server"),
    ("microsoft-iis", "Microsoft IIS httpd", "cpe:/a:microsoft:internet_information_services"),
    ("nghttpd", "nghttpd", "cpe:/a:nghttp2:nghttp2"),
    ("nghttpx", "nghttpx", "cpe:/a:nghttp2:nghttp2"),
    ("nginx", "nginx", "cpe:/a:f5:nginx"),
    ("openresty", "OpenResty web app server", "cpe:/a:openresty:openresty"),
    ("openlitespeed", "OpenLiteSpeed httpd", "cpe:/a:litespeedtech:openlitespeed"),
    ("tengine", "Tengine httpd", "cpe:/a:alibaba:tengine"),
    ("twistedweb", "TwistedWeb httpd", "cpe:/a:twisted:twisted"),
    ("undertow", "JBoss Undertow", "cpe:/a:redhat:undertow"),
];

/// Product and version of "nginx/1.22.1", "Jetty(12.0.1)", "Apache/2.4.62 (Debian) mod_x/1", "nghttpd nghttp2/1.52.0".
pub(crate) fn name(server: &str, found: &mut Found) {
    let server = server.trim();
    let end = server.find(['/', ' ', '(']).unwrap_or(server.len());
    let (name, rest) = server.split_at(end);
    let known = KNOWN.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
    // The library that nghttp2's programs name is of their own version.
    let rest = rest.strip_prefix(" nghttp2").unwrap_or(rest);
    let version: String = rest
        .strip_prefix(['/', '('])
        .unwrap_or_default()
        .chars()
        .take_while(|&c| c.is_ascii_alphanumeric() || ".-_+".contains(c))
        .collect();
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    let Some(&(_, product, cpe)) = known else { return };
    product.clone_into(&mut found.product);
    if is_version {
        found.version.clone_from(&version);
    }
    if let Some(comment) = rest.split_once(" (").and_then(|(_, rest)| rest.split_once(')')) {
        comment.0.clone_into(&mut found.info);
    }
    if !cpe.is_empty() {
        found.cpe = vec![if is_version { format!("{cpe}:{version}") } else { cpe.to_owned() }];
    }
}
