//! Profiles as JSON files, in the format of the OCI runtime specification and its Docker extension.

use serde::Deserialize;

use crate::seccomp::{ALLOW, Compare, Condition, EPERM, ERRNO, Error, Filter};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    syscalls: Vec<Syscalls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Syscalls {
    #[serde(default)]
    names: Vec<String>,
    name: Option<String>,
    action: String,
    errno_ret: Option<u32>,
    args: Option<Vec<Argument>>,
    includes: Option<Selection>,
    excludes: Option<Selection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

/// When an entry counts, as Docker's own profile says it.
#[derive(Deserialize, Default)]
struct Selection {
    #[serde(default)]
    caps: Option<Vec<String>>,
    #[serde(default)]
    arches: Option<Vec<String>>,
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: &str = "amd64";
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: &str = "arm64";

fn action(word: &str, errno: Option<u32>) -> Result<u32, Error> {
    let data = errno.unwrap_or(EPERM) & 0xffff;
    Ok(match word {
        "SCMP_ACT_ALLOW" => ALLOW,
        "SCMP_ACT_ERRNO" => ERRNO | data,
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => 0,
        "SCMP_ACT_KILL_PROCESS" => 0x8000_0000,
        "SCMP_ACT_TRAP" => 0x0003_0000,
        "SCMP_ACT_TRACE" => 0x7ff0_0000 | data,
        "SCMP_ACT_LOG" => 0x7ffc_0000,
        _ => return Err(Error::Unknown { what: "action", word: word.into() }),
    })
}

fn condition(argument: &Argument) -> Result<Condition, Error> {
    let (compare, value) = match argument.op.as_str() {
        "SCMP_CMP_EQ" => (Compare::Equal, argument.value),
        "SCMP_CMP_NE" => (Compare::NotEqual, argument.value),
        "SCMP_CMP_LT" => (Compare::Less, argument.value),
        "SCMP_CMP_LE" => (Compare::LessOrEqual, argument.value),
        "SCMP_CMP_GT" => (Compare::Greater, argument.value),
        "SCMP_CMP_GE" => (Compare::GreaterOrEqual, argument.value),
        "SCMP_CMP_MASKED_EQ" => (Compare::Masked(argument.value), argument.value_two),
        word => return Err(Error::Unknown { what: "operator", word: word.into() }),
    };
    if argument.index > 5 {
        return Err(Error::Unknown { what: "argument index", word: argument.index.to_string() });
    }
    Ok(Condition { argument: argument.index, compare, value })
}

/// Reads a profile for a container with these capabilities.
pub(crate) fn parse(text: &str, has: impl Fn(&str) -> bool) -> Result<Filter, Error> {
    let profile: Profile = serde_json::from_str(text)?;
    let mut filter = Filter::new(action(&profile.default_action, profile.default_errno_ret)?);
    filter.log = profile.flags.iter().any(|flag| flag == "SECCOMP_FILTER_FLAG_LOG");
    for entry in &profile.syscalls {
        let all_caps = |s: &Selection| s.caps.iter().flatten().all(|cap| has(cap));
        let any_cap = |s: &Selection| s.caps.iter().flatten().any(|cap| has(cap));
        let this_arch = |s: &Selection| s.arches.iter().flatten().any(|arch| arch == ARCHITECTURE);
        let no_arch = |s: &Selection| s.arches.as_ref().is_none_or(Vec::is_empty);
        let wanted = entry.includes.as_ref().is_none_or(|s| all_caps(s) && (no_arch(s) || this_arch(s)))
            && !entry.excludes.as_ref().is_some_and(|s| any_cap(s) || this_arch(s));
        if !wanted {
            continue;
        }
        let act = action(&entry.action, entry.errno_ret)?;
        let conditions = entry.args.iter().flatten().map(condition).collect::<Result<Vec<_>, _>>()?;
        let names = entry.names.iter().chain(&entry.name).map(String::as_str);
        let mut seen = std::collections::BTreeSet::new();
        // As in runc, several conditions on one argument are alternatives, not all required.
        if conditions.iter().all(|condition| seen.insert(condition.argument)) {
            filter.add(names, act, &conditions);
        } else {
            for condition in conditions {
                filter.add(names.clone(), act, &[condition]);
            }
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::number;

    #[test]
    fn profiles() {
        let text = r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
            {"names":["mkdir","mkdirat","nosuchcall"],"action":"SCMP_ACT_ERRNO","errnoRet":13},
            {"names":["chmod"],"action":"SCMP_ACT_ERRNO","includes":{"caps":["CAP_SYS_ADMIN"]}},
            {"names":["personality"],"action":"SCMP_ACT_KILL_PROCESS","args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"}]}]}"#;
        let filter = parse(text, |_| false).unwrap();
        assert_eq!(filter.default, ALLOW);
        assert_eq!(filter.rules[&number("mkdirat").unwrap()][0].action, ERRNO | 13);
        assert!(number("chmod").is_none_or(|chmod| !filter.rules.contains_key(&chmod)));
        assert_eq!(filter.rules[&number("personality").unwrap()][0].conditions.len(), 1);
        assert!(
            parse(r#"{"defaultAction":"SCMP_ACT_SING"}"#, |_| false).unwrap_err().to_string().contains("SCMP_ACT_SING")
        );
        assert!(parse("[]", |_| false).is_err());
    }
}
