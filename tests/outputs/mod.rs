//! What `portprint scan` writes, from outside: every format of one scan of hostile peers on loopback, and what happens when an output
//! cannot be written.

mod files;
mod formats;
mod peers;
mod streams;

const RULES: &str = r"Probe TCP NULL q||
match ssh m|^SSH-([\d.]+)-Opend_([\w.]+)\r?\n| p/Opend/ v/$2/ i/protocol $1/ h/host.example/ o/Unix/ cpe:/a:opend:opend:$2/
match odd m|^ODD (.*)\r\n$|s p/$1/ v/=1+1/
softmatch ftp m|^220 |
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
ports 80
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: (.*)\r\n|s p/$1/
";
