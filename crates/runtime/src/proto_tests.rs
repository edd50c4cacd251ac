//! What version 1.0 said is still understood, and still said so: the other side may be of any minor version.

use serde_json::Value;

use super::*;

const CALLS: &[&str] = &[
    r#"{"n":1,"what":{"Hello":{"version":1}}}"#,
    r#"{"n":2,"what":{"Start":{"container":"c","tty":false,"stdin":true,"stdin_once":false,"log":"/l","place":{"unified":"/u","legacy":["/a"]},"oom_score_adj":-997,"oom_counter":"/o","target":null}}}"#,
    r#"{"n":3,"what":{"Exec":{"exec":7,"container":"c","tty":false,"stdin":false,"stdout":true,"stderr":true,"place":{"unified":null,"legacy":[]},"oom_score_adj":null}}}"#,
    r#"{"n":4,"what":{"KillExec":{"exec":7}}}"#,
    r#"{"n":5,"what":{"Signal":{"container":"c","signal":15}}}"#,
    r#"{"n":6,"what":{"Attach":{"container":"c","stdin":false,"stdout":true,"stderr":false}}}"#,
    r#"{"n":7,"what":{"Reopen":{"container":"c"}}}"#,
    r#"{"n":8,"what":{"Forget":{"container":"c"}}}"#,
    r#"{"n":9,"what":{"Socket":{"v6":true}}}"#,
    r#"{"n":10,"what":"Quit"}"#,
];

const MESSAGES: &[&str] = &[
    r#"{"Reply":{"n":1,"reply":{"Hello":{"version":1,"pid":5,"containers":[{"container":"c","pid":6,"started_at_ns":7,"exit":null},{"container":"d","pid":8,"started_at_ns":9,"exit":{"started_at_ns":9,"finished_at_ns":10,"code":137,"signal":9,"oom_killed":true,"unknown":false}}]}}}}"#,
    r#"{"Reply":{"n":2,"reply":{"Started":{"pid":6,"at_ns":7,"remarks":["r"]}}}}"#,
    r#"{"Reply":{"n":3,"reply":{"Failed":{"message":"m","code":127}}}}"#,
    r#"{"Reply":{"n":4,"reply":"Done"}}"#,
    r#"{"Reply":{"n":5,"reply":"Missing"}}"#,
    r#"{"Reply":{"n":6,"reply":{"Refused":{"message":"m"}}}}"#,
    r#"{"Reply":{"n":7,"reply":{"Attached":{"stdin":true,"terminal":false}}}}"#,
    r#"{"Exited":{"container":"c","exit":{"started_at_ns":7,"finished_at_ns":8,"code":0,"signal":0,"oom_killed":false,"unknown":false}}}"#,
    r#"{"ExecEnded":{"exec":7,"code":0}}"#,
];

/// Everything of the old value is in the new one; more may be there.
fn keeps(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(key, value)| new.get(key).is_some_and(|there| keeps(there, value)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| keeps(new, old))
        }
        (new, old) => new == old,
    }
}

fn unchanged<T: Serialize + serde::de::DeserializeOwned>(lines: &[&str]) {
    for line in lines {
        let old: Value = serde_json::from_str(line).unwrap();
        let read: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let new = serde_json::to_value(&read).unwrap();
        assert!(keeps(&new, &old), "{new} was {old}");
    }
}

#[test]
fn what_was_said_once_keeps_its_form() {
    unchanged::<Call>(CALLS);
    unchanged::<Message>(MESSAGES);
}

#[test]
fn records_of_the_first_version_are_read() {
    unchanged::<crate::spec::SandboxRecord>(&[include_str!("../tests/records/1.0/sandbox.json")]);
    unchanged::<crate::spec::ContainerSpec>(&[include_str!("../tests/records/1.0/container.json")]);
    unchanged::<crate::spec::Running>(&[include_str!("../tests/records/1.0/running.json")]);
    unchanged::<cri::runtime::Exit>(&[include_str!("../tests/records/1.0/exit.json")]);
}

#[test]
fn what_is_not_known_can_still_be_answered() {
    let later = r#"{"n":9,"what":{"Dance":{"slowly":true}}}"#;
    assert!(serde_json::from_str::<Call>(later).is_err());
    assert_eq!(serde_json::from_str::<Numbered>(later).unwrap().n, 9);
    let later = r#"{"Reply":{"n":3,"reply":{"Sung":{}}}}"#;
    assert!(serde_json::from_str::<Message>(later).is_err());
    assert_eq!(serde_json::from_str::<AnyReply>(later).unwrap().reply.n, 3);
}

#[test]
fn versions_are_ordered_and_spelled() {
    let version = |text: &str| text.parse::<Version>().unwrap();
    assert!(version("1.0") < REFUSES && REFUSES <= VERSION && version("1.9") > VERSION);
    assert_eq!((version("2").to_string(), version("1.10").minor), ("2.0".to_owned(), 10));
    assert!("x".parse::<Version>().is_err());
}
