use super::*;

fn q(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn canonical_forms() {
    for (given, want) in [
        ("0", "0"),
        ("0n", "0"),
        ("0Ki", "0"),
        ("00", "0"),
        ("1", "1"),
        ("1024Mi", "1Gi"),
        ("307200Ki", "300Mi"),
        ("1025024Mi", "1001Gi"),
        ("1024Gi", "1Ti"),
        ("5000m", "5"),
        ("0.5", "500m"),
        ("1000M", "1G"),
        ("0.001T", "1G"),
        ("1000u", "1m"),
        ("1.08", "1080m"),
        ("1080000000n", "1080m"),
        (".001e12", "1e9"),
        ("0.001e0", "1e-3"),
        ("1000e-12", "1e-9"),
        ("1.5", "1500m"),
        ("1.5Gi", "1536Mi"),
        ("0.5Mi", "512Ki"),
        ("100.035Ki", "102435840m"),
        ("3.001n", "4n"),
        ("0.0000000001", "1n"),
        ("0.00000012345", "124n"),
        ("9Ei", "9223372036854775807"),
        ("9223372036854775807Ki", "9223372036854775807"),
        ("12E", "12E"),
        ("0.000000000001Ki", "2n"),
        (".001", "1m"),
        (".0001k", "100m"),
        ("1.", "1."),
        ("1.G", "1.G"),
        ("1.40e9", "1400e6"),
        ("0.5e-9", "1e-9"),
        ("500Mi", "500Mi"),
        ("250m", "250m"),
        ("2", "2"),
        ("1000", "1k"),
        ("100k", "100k"),
        ("1Gi", "1Gi"),
        ("512", "512"),
        ("1023Ki", "1023Ki"),
        // Nothing is zero, for Kubernetes.
        (".", "0"),
        ("Ki", "0"),
    ] {
        assert_eq!(q(given).to_string(), want, "{given}");
    }
}

#[test]
fn refused() {
    for bad in ["", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", " 1", "1 "] {
        assert!(Quantity::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn values_round_away_from_zero() {
    for (given, value, milli) in [
        ("1500m", 2, 1500),
        ("-1500m", -2, -1500),
        ("1", 1, 1000),
        ("100u", 1, 1),
        ("1Ki", 1024, 1_024_000),
        ("0", 0, 0),
        ("1e3", 1000, 1_000_000),
        ("8E", 8_000_000_000_000_000_000, 8_000_000_000_000_000_000_000),
    ] {
        assert_eq!((q(given).value(), q(given).milli_value()), (value, milli), "{given}");
    }
    assert_eq!(q("1e1000").value(), i128::MAX);
}

#[test]
fn order_and_sums() {
    assert!(
        q("1") < q("1001m") && q("1Ki") > q("1k") && q("-1") < q("0") && q("1e100") > q("1E") && q("1000m") == q("1")
    );
    assert!(q("-5") < q("-4") && q("1n") > q("0") && q("1e-100") == q("1n"));
    for (a, b, sum, difference) in [
        ("1", "500m", "1500m", "500m"),
        ("1Gi", "1Gi", "2Gi", "0"),
        ("0", "1Ki", "1Ki", "-1Ki"),
        ("100m", "100m", "200m", "0"),
        ("1Mi", "1", "1048577", "1048575"),
    ] {
        assert_eq!((&q(a) + &q(b)).to_string(), sum, "{a} + {b}");
        assert_eq!((&q(a) - &q(b)).to_string(), difference, "{a} - {b}");
    }
}

#[test]
fn text_survives_a_second_reading() {
    let mut state = 7u64;
    let mut next = move |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for _ in 0..5_000 {
        let suffix = ["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti", "e3", "E-2", "e1"][next(14) as usize];
        let dot = if next(3) == 0 { format!(".{}", next(100_000)) } else { String::new() };
        let text = format!("{}{}{dot}{suffix}", if next(4) == 0 { "-" } else { "" }, next(1_000_000_000));
        let first = q(&text);
        let second = q(&first.to_string());
        assert_eq!(first, second, "{text}");
        assert_eq!(first.to_string(), second.to_string(), "{text}");
        assert_eq!((&(&first + &second) - &second), first, "{text}");
    }
}
