//! From single attempts to a verdict: so many in a row.

use super::{Answer, Kind, Verdict};

/// Counts attempts with the same result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    success: u32,
    failure: u32,
    last: Option<bool>,
    run: u32,
    verdict: Verdict,
}

impl Threshold {
    /// The verdict before the first attempt: a container lives, is not ready, and may or may not have started.
    pub(crate) fn new(kind: Kind, success: u32, failure: u32) -> Self {
        let verdict = match kind {
            Kind::Startup => Verdict::Unknown,
            Kind::Liveness => Verdict::Success,
            Kind::Readiness => Verdict::Failure,
        };
        Self { success: success.max(1), failure: failure.max(1), last: None, run: 0, verdict }
    }

    /// One that had succeeded before this agent started: the status says so already, and only failures are news.
    pub(crate) fn known_good(kind: Kind, success: u32, failure: u32) -> Self {
        Self { last: Some(true), run: success, verdict: Verdict::Success, ..Self::new(kind, success, failure) }
    }

    /// An attempt; the verdict if it changed.
    pub(crate) fn add(&mut self, answer: &Answer) -> Option<Verdict> {
        let good = match answer {
            Answer::Success | Answer::Warning(_) => true,
            Answer::Failure(_) => false,
            Answer::Error(_) => return None,
        };
        self.run = if self.last == Some(good) { self.run + 1 } else { 1 };
        self.last = Some(good);
        let (needed, verdict) = if good { (self.success, Verdict::Success) } else { (self.failure, Verdict::Failure) };
        if self.run < needed || self.verdict == verdict {
            return None;
        }
        self.verdict = verdict;
        Some(verdict)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_row() {
        let mut threshold = Threshold::new(Kind::Liveness, 1, 3);
        let bad = Answer::Failure(String::new());
        let answers =
            [&bad, &bad, &Answer::Success, &bad, &Answer::Error(String::new()), &bad, &bad, &bad, &Answer::Success];
        let verdicts: Vec<_> = answers.into_iter().map(|answer| threshold.add(answer)).collect();
        assert_eq!(
            verdicts,
            [None, None, None, None, None, None, Some(Verdict::Failure), None, Some(Verdict::Success)]
        );
        let mut known = Threshold::known_good(Kind::Readiness, 2, 2);
        let answers = [&Answer::Success, &bad, &Answer::Success, &bad, &bad, &Answer::Success, &Answer::Success];
        assert_eq!(
            answers.map(|answer| known.add(answer)),
            [None, None, None, None, Some(Verdict::Failure), None, Some(Verdict::Success)]
        );
        let mut readiness = Threshold::new(Kind::Readiness, 2, 1);
        assert_eq!(
            [readiness.add(&Answer::Success), readiness.add(&Answer::Success), readiness.add(&bad)],
            [None, Some(Verdict::Success), Some(Verdict::Failure)]
        );
    }
}
