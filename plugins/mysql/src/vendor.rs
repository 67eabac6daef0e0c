//! Whose server it is, as far as its version tells.

/// What a version tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Vendor {
    pub(crate) product: &'static str,
    pub(crate) version: String,
    /// A CPE without a version.
    pub(crate) cpe: &'static str,
    pub(crate) os: &'static str,
    /// The version of MySQL that it says it has, if that is not its own.
    pub(crate) compatible: Option<String>,
}

/// Where a product's own version stands.
#[derive(Clone, Copy)]
enum Own {
    /// After the product's name, with anything but digits and blanks between them.
    After,
    /// At the beginning.
    First,
    /// Nowhere: what stands at the beginning is MySQL's.
    Untold,
}

/// A word in lower case that names a product, the product, its CPE, and where its version stands.
const PRODUCTS: [(&str, &str, &str, Own); 19] = [
    ("tidb", "TiDB", "cpe:/a:pingcap:tidb", Own::After),
    ("oceanbase", "OceanBase", "", Own::After),
    ("clickhouse", "ClickHouse", "cpe:/a:clickhouse:clickhouse", Own::After),
    ("greptime", "GreptimeDB", "", Own::After),
    ("mysql_aurora.", "Amazon Aurora MySQL", "", Own::After),
    ("doris", "Apache Doris", "cpe:/a:apache:doris", Own::After),
    ("starrocks", "StarRocks", "", Own::After),
    ("singlestore", "SingleStore", "", Own::After),
    ("memsql", "SingleStore", "", Own::After),
    ("proxysql", "ProxySQL", "cpe:/a:proxysql:proxysql", Own::Untold),
    ("maxscale", "MariaDB MaxScale", "cpe:/a:mariadb:maxscale", Own::Untold),
    ("-router", "MySQL Router", "", Own::Untold),
    ("vitess", "Vitess", "", Own::Untold),
    ("planetscale", "Vitess", "", Own::Untold),
    ("dolt", "Dolt", "", Own::Untold),
    ("polardb", "PolarDB", "", Own::Untold),
    ("manticore", "Manticore Search", "", Own::First),
    ("drizzle", "Drizzle", "", Own::First),
    ("percona", "Percona Server", "cpe:/a:percona:percona_server", Own::First),
];

/// What MySQL itself, and those who package and host it unchanged, put after the version.
const MYSQL_SUFFIXES: [&str; 18] = [
    "log",
    "debug",
    "commercial",
    "enterprise",
    "community",
    "cluster",
    "standard",
    "pro",
    "max",
    "nt",
    "gpl",
    "cloud",
    "google",
    "azure",
    "advanced",
    "classic",
    "embedded",
    "ndb",
];

impl Vendor {
    /// What `8.0.36-0ubuntu0.22.04.1` and the like tell.
    pub(crate) fn read(version: &str) -> Self {
        let lower = version.to_ascii_lowercase();
        let os = if ["debian", "ubuntu", "+deb", "~deb", ".el7", ".el8", ".el9", ".fc"]
            .iter()
            .any(|it| lower.contains(it))
        {
            "Linux"
        } else {
            ""
        };
        let vendor =
            |product, version: &str, cpe| Self { product, version: version.to_owned(), cpe, os, compatible: None };
        // "5.5.5-10.11.6-MariaDB-0+deb12u1": MariaDB 10 and 11.4 pretend to replicas that they are older than they are. MaxScale may do
        // so, too, with its own name at the end.
        let bare = version.strip_prefix("5.5.5-").unwrap_or(version);
        let number = number(bare);
        if let Some((word, product, cpe, own)) = PRODUCTS.into_iter().find(|(word, ..)| lower.contains(word)) {
            let own = match own {
                Own::First => return vendor(product, number, cpe),
                Own::Untold => "",
                Own::After => {
                    let after = lower.find(word).and_then(|at| version.get(at + word.len()..)).unwrap_or_default();
                    let at = after.find(|c: char| c.is_ascii_digit() || c == ' ');
                    at.and_then(|at| after.get(at..)).unwrap_or_default()
                }
            };
            return Self { compatible: Some(number.to_owned()), ..vendor(product, self::number(own), cpe) };
        }
        if lower.contains("mariadb") {
            return vendor("MariaDB", number, "cpe:/a:mariadb:mariadb");
        }
        let rest = bare.strip_prefix(number).unwrap_or_default();
        if rest.contains("-id64") || rest.contains("-id32") {
            return vendor("Sphinx Search SphinxQL", number, "cpe:/a:sphinxsearch:sphinx");
        }
        let is_mysql =
            number.split('.').count() == 3 && matches!(number.split('.').next(), Some("3" | "4" | "5" | "8" | "9"));
        if !is_mysql {
            return vendor("", bare, "");
        }
        // "5.0.51a-24+lenny5-debian"
        let suffix =
            rest.strip_prefix(|c: char| c.is_ascii_lowercase()).filter(|it| it.starts_with('-')).unwrap_or(rest);
        let suffix = suffix.strip_prefix('-').unwrap_or(suffix);
        let first = suffix.split(['-', '_', '+', '.']).next().unwrap_or_default().to_ascii_lowercase();
        let is_known = suffix.is_empty()
            || MYSQL_SUFFIXES.contains(&first.trim_end_matches(|c: char| c.is_ascii_digit()))
            || lower.contains("ubuntu")
            || lower.contains("debian");
        if is_known {
            return vendor("MySQL", number, "cpe:/a:oracle:mysql");
        }
        // "8.0.36-28", "5.7.44-48-log", "8.0.36-28.1": Percona counts its releases, and writes nothing else.
        if (1..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_digit()) && !first.starts_with('0')
        {
            let version = format!("{number}-{}", self::number(suffix));
            return vendor("Percona Server", &version, "cpe:/a:percona:percona_server");
        }
        vendor("", bare, "")
    }
}

/// The digits and dots at the beginning.
fn number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches('.')
}
