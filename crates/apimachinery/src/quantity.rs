//! Amounts of resources: `100m`, `1.5Gi`, `1e3`. Exact decimals, never finer than a billionth.

use std::{cmp::Ordering, fmt, ops, str::FromStr};

/// How a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`
    BinarySi,
    /// `12M`
    DecimalSi,
}

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It does not look like one.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The unit is not known.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// Nothing finer than this power of ten is kept.
const NANO: i32 = -9;
/// Digits that surely fit into the mantissa.
const DIGITS: usize = 36;
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/// An amount: `mantissa * 10^scale`.
#[derive(Debug, Clone)]
pub struct Quantity {
    mantissa: i128,
    scale: i32,
    format: Format,
    /// The text it came from, where Kubernetes keeps it as it was (it looks canonical, or nearly so: `1.500`).
    text: Option<Box<str>>,
}

impl Default for Quantity {
    fn default() -> Self {
        Quantity::new(0)
    }
}

struct Parts<'t> {
    positive: bool,
    whole: &'t str,
    fraction: &'t str,
    suffix: &'t str,
}

/// The longest run of `set` at the start, and the rest.
fn run(text: &str, set: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !set(b)).unwrap_or(text.len());
    text.split_at(end)
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let (positive, rest) = match text.as_bytes().first() {
        Some(b'-') => (false, &text[1..]),
        Some(b'+') => (true, &text[1..]),
        _ => (true, text),
    };
    let (_, rest) = run(rest, |b| b == b'0');
    let (whole, rest) = run(rest, |b| b.is_ascii_digit());
    let whole = if whole.is_empty() { "0" } else { whole };
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => run(rest, |b| b.is_ascii_digit()),
        None => ("", rest),
    };
    let (_, exponent) = run(suffix, |b| b"eEinumkKMGTP".contains(&b));
    let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    Ok(Parts { positive, whole, fraction, suffix })
}

/// Base 2 or 10, exponent and format of a suffix.
fn unit(suffix: &str) -> Result<(u8, i32, Format), QuantityError> {
    if let Some(i) = DECIMAL.iter().position(|s| *s == suffix) {
        return Ok((10, (i as i32 - 3) * 3, Format::DecimalSi));
    }
    if let Some(i) = BINARY.iter().position(|s| *s == suffix) {
        return Ok((2, i as i32 * 10, Format::BinarySi));
    }
    match suffix.strip_prefix(['e', 'E']) {
        Some(exponent) if !exponent.is_empty() => {
            let exponent: i32 = exponent.parse().map_err(|_| QuantityError::Suffix)?;
            // Beyond this nothing can be told apart, and sums of exponents stay far from overflow.
            Ok((10, exponent.clamp(-100_000, 100_000), Format::DecimalExponent))
        }
        _ => Err(QuantityError::Suffix),
    }
}

/// Kubernetes keeps the text when its quick path took it and the number looks canonical.
fn keeps_text(parts: &Parts<'_>, base: u8, exponent: i32) -> bool {
    let (whole, fraction) = (parts.whole.len() as i32, parts.fraction.len() as i32);
    if base == 2 {
        let small = parts.fraction.is_empty() && 15 - whole - exponent * 3 / 10 > 0;
        return small && parts.whole.parse::<u64>().is_ok_and(|v| v & 7 != 0);
    }
    let scale = exponent - fraction;
    whole + fraction <= 18
        && scale >= NANO
        && scale % 3 == 0
        && !parts.whole.starts_with('0')
        && !format!("{}{}", parts.whole, parts.fraction).ends_with("000")
}

impl Quantity {
    /// A whole number.
    #[must_use]
    pub fn new(value: i64) -> Self {
        Quantity { mantissa: value.into(), scale: 0, format: Format::DecimalSi, text: None }
    }

    /// A number of bytes, written with binary units.
    #[must_use]
    pub fn bytes(value: i64) -> Self {
        Quantity { format: Format::BinarySi, ..Quantity::new(value) }
    }

    /// Thousandths.
    #[must_use]
    pub fn milli(value: i64) -> Self {
        Quantity { scale: -3, ..Quantity::new(value) }
    }

    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let parts = split(text)?;
        let (base, exponent, mut format) = unit(parts.suffix)?;
        let (mut mantissa, mut scale) = digits(&parts);
        if base == 2 {
            match mantissa.checked_mul(1 << exponent) {
                Some(product) => mantissa = product,
                None => (mantissa, scale) = (i64::MAX.into(), 0),
            }
        } else {
            scale += exponent;
        }
        (mantissa, scale) = round_up(mantissa, scale, NANO);
        if base == 2 {
            if compare((mantissa, scale), (i64::MAX.into(), 0)) == Ordering::Greater {
                (mantissa, scale) = (i64::MAX.into(), 0);
            }
            if mantissa > 0 && compare((mantissa, scale), (1, 0)) == Ordering::Less {
                format = Format::DecimalSi;
            }
        }
        let text = (text == "0" || keeps_text(&parts, base, exponent)).then(|| text.into());
        Ok(Quantity { mantissa: if parts.positive { mantissa } else { -mantissa }, scale, format, text })
    }

    /// How it is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// It is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// Less than nothing.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.mantissa < 0
    }

    /// The whole number, rounded away from zero.
    #[must_use]
    pub fn value(&self) -> i128 {
        self.scaled(0)
    }

    /// Thousandths, rounded away from zero.
    #[must_use]
    pub fn milli_value(&self) -> i128 {
        self.scaled(-3)
    }

    /// In units of `10^scale`, rounded away from zero; saturates.
    #[must_use]
    pub fn scaled(&self, scale: i32) -> i128 {
        let (mantissa, left) = round_up(self.mantissa.abs(), self.scale, scale);
        let magnitude = power(left - scale).and_then(|p| mantissa.checked_mul(p)).unwrap_or(i128::MAX);
        if mantissa == 0 { 0 } else { magnitude * self.mantissa.signum() }
    }

    /// Near enough for ratios.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.mantissa as f64 * 10f64.powi(self.scale)
    }

    /// Times a whole number.
    #[must_use]
    pub fn times(&self, factor: i64) -> Self {
        let mantissa = self.mantissa.saturating_mul(factor.into());
        Quantity { mantissa, text: None, ..self.clone() }
    }

    fn sum(&self, other: &Self, sign: i128) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        let (a, b) = ((self.mantissa, self.scale), (other.mantissa.saturating_mul(sign), other.scale));
        let (mantissa, scale) = add(a, b);
        Quantity { mantissa, scale, format, text: None }
    }

    fn canonical(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let whole = power(self.scale.max(0)).and_then(|p| self.mantissa.checked_mul(p));
        if let (Format::BinarySi, true, Some(mut amount)) = (self.format, self.is_whole(), whole) {
            amount = if self.scale < 0 { self.value() } else { amount };
            if amount.abs() >= 1024 {
                let mut times = 0;
                while amount % 1024 == 0 && times < BINARY.len() - 1 {
                    amount /= 1024;
                    times += 1;
                }
                return write!(f, "{amount}{}", BINARY[times]);
            }
        }
        self.canonical_decimal(f)
    }

    fn canonical_decimal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut amount, mut exponent) = trim(self.mantissa, self.scale);
        while exponent % 3 != 0 {
            amount = amount.saturating_mul(10);
            exponent -= 1;
        }
        if self.format == Format::DecimalExponent {
            return if exponent == 0 { write!(f, "{amount}") } else { write!(f, "{amount}e{exponent}") };
        }
        while exponent > 18 {
            amount = amount.saturating_mul(1000);
            exponent -= 3;
        }
        write!(f, "{amount}{}", DECIMAL[(exponent / 3 + 3) as usize])
    }

    fn is_whole(&self) -> bool {
        self.scale >= 0 || power(-self.scale).is_some_and(|p| self.mantissa % p == 0)
    }
}

/// The digits as a mantissa and a scale. More digits than fit are cut; a cut fraction still rounds up later.
fn digits(parts: &Parts<'_>) -> (i128, i32) {
    let fraction = parts.fraction.trim_end_matches('0');
    let (mut mantissa, mut scale, mut sticky) = (0i128, -(fraction.len() as i32), false);
    for (i, digit) in parts.whole.bytes().chain(fraction.bytes()).map(|b| i128::from(b - b'0')).enumerate() {
        if i < DIGITS {
            mantissa = mantissa * 10 + digit;
        } else {
            scale += 1;
            sticky |= digit != 0;
        }
    }
    (mantissa + i128::from(sticky), scale)
}

/// `10^exponent`, when it fits.
fn power(exponent: i32) -> Option<i128> {
    10i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// Raises the scale to at least `to`, rounding a positive mantissa up.
fn round_up(mantissa: i128, scale: i32, to: i32) -> (i128, i32) {
    if scale >= to || mantissa == 0 {
        return (mantissa, scale.max(to));
    }
    match power(to - scale) {
        Some(p) => (mantissa / p + i128::from(mantissa % p != 0), to),
        None => (1, to),
    }
}

/// Without trailing zeros.
fn trim(mut mantissa: i128, mut scale: i32) -> (i128, i32) {
    while mantissa != 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale += 1;
    }
    (mantissa, if mantissa == 0 { 0 } else { scale })
}

fn compare(a: (i128, i32), b: (i128, i32)) -> Ordering {
    let ((am, a_scale), (bm, b_scale)) = (trim(a.0, a.1), trim(b.0, b.1));
    if am.signum() != bm.signum() || am == 0 {
        return am.signum().cmp(&bm.signum());
    }
    let length = |m: i128, s: i32| i64::from(m.unsigned_abs().ilog10()) + i64::from(s);
    let by_length = length(am, a_scale).cmp(&length(bm, b_scale));
    // Numbers of the same length fit when they are brought to the same scale.
    let low = a_scale.min(b_scale);
    let lift = |m: i128, s: i32| power(s - low).map_or(i128::MAX, |p| m.saturating_mul(p));
    let positive = by_length.then_with(|| lift(am.abs(), a_scale).cmp(&lift(bm.abs(), b_scale)));
    if am < 0 { positive.reverse() } else { positive }
}

fn add(a: (i128, i32), b: (i128, i32)) -> (i128, i32) {
    match (a.0, b.0) {
        (0, _) => return b,
        (_, 0) => return a,
        _ => {}
    }
    let low = a.1.min(b.1);
    let lift = |(m, s): (i128, i32)| power(s - low).map_or(i128::MAX * m.signum(), |p| m.saturating_mul(p));
    (lift(a).saturating_add(lift(b)), low)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => self.canonical(f),
        }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        compare((self.mantissa, self.scale), (other.mantissa, other.scale))
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl ops::Add<&Quantity> for &Quantity {
    type Output = Quantity;
    fn add(self, other: &Quantity) -> Quantity {
        self.sum(other, 1)
    }
}

impl ops::Sub<&Quantity> for &Quantity {
    type Output = Quantity;
    fn sub(self, other: &Quantity) -> Quantity {
        self.sum(other, -1)
    }
}

impl ops::Add for Quantity {
    type Output = Quantity;
    fn add(self, other: Quantity) -> Quantity {
        self.sum(&other, 1)
    }
}

impl ops::Sub for Quantity {
    type Output = Quantity;
    fn sub(self, other: Quantity) -> Quantity {
        self.sum(&other, -1)
    }
}

impl ops::AddAssign<&Quantity> for Quantity {
    fn add_assign(&mut self, other: &Quantity) {
        *self = self.sum(other, 1);
    }
}

impl ops::SubAssign<&Quantity> for Quantity {
    fn sub_assign(&mut self, other: &Quantity) {
        *self = self.sum(other, -1);
    }
}

#[cfg(test)]
#[path = "quantity_tests.rs"]
mod tests;
