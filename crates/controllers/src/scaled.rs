//! Numbers that are given absolutely or in percent.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The value for `total`; percentages round up or down. Text that is no percentage counts as absent.
#[must_use]
pub fn value(number: Option<&IntOrString>, total: i32, round_up: bool) -> Option<i32> {
    match number? {
        IntOrString::Int(value) => Some(*value),
        IntOrString::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            let product = percent * i64::from(total);
            let value = if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) };
            i32::try_from(value).ok()
        }
    }
}
