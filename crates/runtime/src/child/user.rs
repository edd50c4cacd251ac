//! Who a process runs as, looked up in the container's own files.

use cri::runtime::User;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// User.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: String,
}

struct Account<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

fn accounts(passwd: &str) -> impl Iterator<Item = Account<'_>> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let uid = fields.nth(1)?.trim().parse().ok()?;
        let gid = fields.next()?.trim().parse().ok()?;
        Some(Account { name, uid, gid, home: fields.nth(1).unwrap_or("") })
    })
}

struct Group<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

fn groups(file: &str) -> impl Iterator<Item = Group<'_>> {
    file.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        Some(Group { name, gid: fields.nth(1)?.trim().parse().ok()?, members: fields.next().unwrap_or("") })
    })
}

/// Resolves a user against the texts of `/etc/passwd` and `/etc/group`.
pub(crate) fn resolve(user: &User, passwd: &str, group: &str) -> Result<Identity, String> {
    let (name, group_name) = user.spec.split_once(':').unwrap_or((&user.spec, ""));
    let account = match user.uid {
        Some(uid) => accounts(passwd).find(|account| account.uid == uid),
        None if name.is_empty() => accounts(passwd).find(|account| account.uid == 0),
        None => accounts(passwd).find(|a| a.name == name || name.parse().is_ok_and(|uid: u32| a.uid == uid)),
    };
    let uid = match (user.uid, &account) {
        (Some(uid), _) => uid,
        (None, Some(account)) => account.uid,
        (None, None) if name.is_empty() => 0,
        (None, None) => {
            name.parse().map_err(|_| format!("unable to find user {name}: no matching entries in passwd file"))?
        }
    };
    let gid = match user.gid {
        Some(gid) => gid,
        None if user.uid.is_none() && !group_name.is_empty() => groups(group)
            .find(|g| g.name == group_name)
            .map(|g| g.gid)
            .or_else(|| group_name.parse().ok())
            .ok_or_else(|| format!("unable to find group {group_name}: no matching entries in group file"))?,
        None => account.as_ref().map_or(0, |account| account.gid),
    };
    let mut all = vec![gid];
    if let (Some(account), false) = (&account, user.strict_groups) {
        let member = |g: &Group<'_>| g.members.split(',').any(|name| name.trim() == account.name);
        all.extend(groups(group).filter(member).map(|g| g.gid));
    }
    all.extend(&user.additional_gids);
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|gid| seen.insert(*gid));
    let home = account.map(|account| account.home).filter(|home| !home.is_empty()).unwrap_or("/").to_owned();
    Ok(Identity { uid, gid, groups: all, home })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/var/www:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nwww:x:34:\nextra:x:50:web,other\nadm:x:4:root\n";

    fn of(user: User) -> Result<(u32, u32, Vec<u32>, String), String> {
        resolve(&user, PASSWD, GROUP).map(|i| (i.uid, i.gid, i.groups, i.home))
    }

    #[test]
    fn lookups() {
        let spec = |spec: &str| User { spec: spec.into(), ..User::default() };
        assert_eq!(of(spec("")), Ok((0, 0, vec![0, 4], "/root".into())));
        assert_eq!(of(spec("web")), Ok((33, 34, vec![34, 50], "/var/www".into())));
        assert_eq!(of(spec("33")), Ok((33, 34, vec![34, 50], "/var/www".into())));
        assert_eq!(of(spec("web:adm")), Ok((33, 4, vec![4, 50], "/var/www".into())));
        assert_eq!(of(spec("1000:2000")), Ok((1000, 2000, vec![2000], "/".into())));
        assert_eq!(of(spec("nobody")).unwrap_err(), "unable to find user nobody: no matching entries in passwd file");
        assert!(of(spec("web:nogroup")).unwrap_err().contains("unable to find group nogroup"));
    }

    #[test]
    fn overrides() {
        let user = User {
            spec: "web".into(),
            uid: Some(1000),
            gid: Some(2000),
            additional_gids: vec![3000, 2000],
            ..User::default()
        };
        assert_eq!(of(user), Ok((1000, 2000, vec![2000, 3000], "/".into())));
        let strict = User { uid: Some(33), strict_groups: true, ..User::default() };
        assert_eq!(of(strict), Ok((33, 34, vec![34], "/var/www".into())));
    }
}
