//! Which software an identification names.

use portprint_plugin_sdk::Found;

use crate::wire::Banner;

/// How software begins its name, what it is called, and its CPE without the version.
const KNOWN: &[(&str, &str, &str)] = &[
    ("OpenSSH_for_Windows_", "OpenSSH for_Windows", "cpe:/a:openbsd:openssh"),
    ("OpenSSH_", "OpenSSH", "cpe:/a:openbsd:openssh"),
    ("OpenSSH-", "OpenSSH", "cpe:/a:openbsd:openssh"),
    ("dropbear_", "Dropbear sshd", "cpe:/a:dropbear_ssh_project:dropbear_ssh"),
    ("dropbear", "Dropbear sshd", "cpe:/a:dropbear_ssh_project:dropbear_ssh"),
    ("tinyssh_", "TinySSH", "cpe:/a:tinyssh:tinyssh"),
    ("tinyssh", "TinySSH", "cpe:/a:tinyssh:tinyssh"),
    ("libssh_", "libssh", "cpe:/a:libssh:libssh"),
    ("libssh-", "libssh", "cpe:/a:libssh:libssh"),
    ("paramiko_", "Paramiko sshd", "cpe:/a:paramiko:paramiko"),
    ("AsyncSSH_", "AsyncSSH sshd", "cpe:/a:asyncssh_project:asyncssh"),
    ("APACHE-SSHD-", "Apache Mina sshd", "cpe:/a:apache:sshd"),
    ("SSHD-CORE-", "Apache Mina sshd", "cpe:/a:apache:sshd"),
    ("SSHD-UNKNOWN", "Apache Mina sshd", "cpe:/a:apache:sshd"),
    ("mod_sftp/", "ProFTPD mod_sftp", "cpe:/a:proftpd:proftpd"),
    ("mod_sftp", "ProFTPD mod_sftp", "cpe:/a:proftpd:proftpd"),
    ("WeOnlyDo", "WeOnlyDo sshd", ""),
    ("Cisco-", "Cisco SSH", ""),
    ("ROSSSH", "MikroTik RouterOS sshd", ""),
    ("RomSShell_", "AllegroSoft RomSShell sshd", ""),
    ("Twisted_", "Twisted Conch", "cpe:/a:twisted:twisted"),
    ("ssh2js", "ssh2 for Node.js", ""),
    ("Go", "Golang x/crypto/ssh server", "cpe:/a:golang:crypto"),
    ("russh_", "russh", "cpe:/a:russh_project:russh"),
    ("Erlang/", "Erlang SSH", "cpe:/a:erlang:erlang\\/otp"),
    ("lancom", "lancom sshd", ""),
    ("GitLab-SSHD", "GitLab sshd", ""),
    ("CrushFTPSSHD", "CrushFTP sftpd", "cpe:/a:crushftp:crushftp"),
    ("SFTPGo_", "SFTPGo", "cpe:/a:sftpgo_project:sftpgo"),
];

/// Operating systems that packages put into the version or the comment.
const SYSTEMS: &[(&str, &str, &str)] = &[
    ("Ubuntu", "Linux", "cpe:/o:linux:linux_kernel"),
    ("Debian", "Linux", "cpe:/o:linux:linux_kernel"),
    ("Raspbian", "Linux", "cpe:/o:linux:linux_kernel"),
    ("FreeBSD", "FreeBSD", "cpe:/o:freebsd:freebsd"),
    ("NetBSD", "NetBSD", "cpe:/o:netbsd:netbsd"),
    ("for_Windows", "Windows", "cpe:/o:microsoft:windows"),
];

/// Product, version, and what else the identification tells.
pub(crate) fn name(banner: &Banner, found: &mut Found) {
    let Some(&(prefix, product, cpe)) = KNOWN.iter().find(|(prefix, ..)| {
        // A name that is a whole word must be one: "Go", and not "GoodTech".
        let rest = banner.software.strip_prefix(prefix);
        rest.is_some_and(|rest| {
            prefix.ends_with(['_', '-', '/']) || !rest.starts_with(|c: char| c.is_ascii_lowercase())
        })
    }) else {
        return;
    };
    product.clone_into(&mut found.product);
    let version: &str = banner.software.strip_prefix(prefix).unwrap_or_default();
    let version = version.trim_start_matches(['_', '-', '/']);
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte));
    if is_version {
        version.clone_into(&mut found.version);
    }
    if !cpe.is_empty() {
        let version = if is_version { format!(":{version}") } else { String::new() };
        found.cpe.push(format!("{cpe}{version}"));
    }
    if let Some((_, os, cpe)) =
        SYSTEMS.iter().find(|(mark, ..)| banner.comment.contains(mark) || banner.software.contains(mark))
    {
        (*os).clone_into(&mut found.os);
        found.cpe.push((*cpe).to_owned());
        // The package's version. Other comments may be random.
        banner.comment.clone_into(&mut found.info);
    }
}
