//! The table of ranges.

use std::collections::HashSet;

use super::plan::{Cidr, next_free};

#[test]
fn the_first_free_part_is_given() {
    let cases: [(&str, u8, &[&str], Option<&str>); 6] = [
        ("10.244.0.0/16", 24, &[], Some("10.244.0.0/24")),
        ("10.244.0.0/16", 24, &["10.244.0.0/24", "10.244.2.0/24"], Some("10.244.1.0/24")),
        ("10.244.0.0/16", 24, &["10.244.0.0/23"], Some("10.244.2.0/24")),
        ("10.244.0.0/24", 24, &["10.244.0.0/24"], None),
        ("10.244.0.0/24", 16, &[], None),
        ("10.244.0.0/16", 24, &["10.244.0.7/32"], Some("10.244.1.0/24")),
    ];
    for (cluster, length, taken, expected) in cases {
        let taken: HashSet<Cidr> = taken.iter().filter_map(|t| Cidr::parse(t)).collect();
        let part = next_free(Cidr::parse(cluster).expect("a range"), length, &taken);
        assert_eq!(part.map(|c| c.to_string()).as_deref(), expected);
    }
    assert!(Cidr::parse("nonsense").is_none() && Cidr::parse("fd00::/64").is_none());
}
