use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::core::v1::{Event, ObjectReference},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};

use crate::correlate::{Correlator, Decision};

fn event(object: &str, reason: &str, message: &str, number: i64) -> Event {
    Event {
        metadata: ObjectMeta { name: Some(format!("{object}.{number}")), ..ObjectMeta::default() },
        involved_object: ObjectReference { name: Some(object.to_owned()), ..ObjectReference::default() },
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        first_timestamp: Some(Time(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number))),
        count: Some(1),
        ..Event::default()
    }
}

#[test]
fn the_same_event_again_is_counted() {
    let mut correlator = Correlator::default();
    let now = Timestamp::UNIX_EPOCH;
    assert!(matches!(correlator.decide(event("a", "Pulled", "x", 1), now), Decision::Create(_)));
    let Decision::Count(second) = correlator.decide(event("a", "Pulled", "x", 2), now) else {
        panic!("not counted");
    };
    assert_eq!((second.count, second.metadata.name.as_deref()), (Some(2), Some("a.1")));
    assert!(matches!(correlator.decide(event("b", "Pulled", "x", 3), now), Decision::Create(_)));
}

#[test]
fn many_similar_events_are_combined_and_floods_dropped() {
    let mut correlator = Correlator::default();
    let now = Timestamp::UNIX_EPOCH;
    let decisions: Vec<_> =
        (0..30).map(|i| correlator.decide(event("a", "Failed", &format!("try {i}"), i), now)).collect();
    let Decision::Create(combined) = &decisions[9] else {
        panic!("the tenth is not new");
    };
    assert_eq!(combined.message.as_deref(), Some("(combined from similar events): try 9"));
    assert!(matches!(decisions[10], Decision::Count(_)));
    assert_eq!(decisions.iter().filter(|d| **d == Decision::Drop).count(), 5);
    let later = now + SignedDuration::from_secs(301);
    assert_ne!(correlator.decide(event("a", "Failed", "later", 99), later), Decision::Drop);
}
