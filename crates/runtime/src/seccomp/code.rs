//! From rules to a program: a binary search over ranges of system call numbers.

use sys::seccomp::Instruction;

use crate::seccomp::{Compare, Condition, ENOSYS, ERRNO, Filter, Rule};

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Numbers from here on are those of another convention on the same processor (x32).
const FIRST_FOREIGN: u32 = 0x4000_0000;

const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_NOT_LESS: u16 = 0x35;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

const fn op(code: u16, constant: u32, jump_true: u8, jump_false: u8) -> Instruction {
    Instruction { code, jump_true, jump_false, constant }
}

fn give(action: u32) -> Instruction {
    op(RETURN, action, 0, 0)
}

/// Calls of other conventions (32-bit programs) have other numbers: they are refused as if they did not exist.
pub(super) fn compile(filter: &Filter) -> Vec<Instruction> {
    let foreign = ERRNO | ENOSYS;
    let mut program = vec![
        op(LOAD, 4, 0, 0),
        op(JUMP_EQUAL, ARCHITECTURE, 1, 0),
        give(foreign),
        op(LOAD, 0, 0, 0),
        op(JUMP_NOT_LESS, FIRST_FOREIGN, 0, 1),
        give(foreign),
    ];
    program.extend(search(&ranges(filter)));
    program
}

/// Numbers from here to the next range's start, and the program for them.
struct Range {
    start: u32,
    body: Vec<Instruction>,
}

fn ranges(filter: &Filter) -> Vec<Range> {
    let mut all = vec![Range { start: 0, body: vec![give(filter.default)] }];
    let mut push = |start: u32, body: Vec<Instruction>| {
        match all.last_mut() {
            Some(last) if last.body == body => return,
            Some(last) if last.start == start => last.body = body,
            _ => all.push(Range { start, body }),
        }
        // Replacing a body may have made the last two equal.
        if let [.., before, last] = all.as_slice()
            && before.body == last.body
        {
            all.pop();
        }
    };
    for (number, rules) in &filter.rules {
        push(*number, body(rules, filter.default));
        push(number + 1, vec![give(filter.default)]);
    }
    all
}

fn search(ranges: &[Range]) -> Vec<Instruction> {
    match ranges {
        [] => Vec::new(),
        [only] => only.body.clone(),
        _ => {
            let (low, high) = ranges.split_at(ranges.len() / 2);
            let (below, above) = (search(low), search(high));
            // Conditional jumps reach 255 instructions, the plain one any number.
            let mut program = vec![op(JUMP_NOT_LESS, high[0].start, 0, 1), op(JUMP, below.len() as u32, 0, 0)];
            program.extend(below);
            program.extend(above);
            program
        }
    }
}

fn body(rules: &[Rule], default: u32) -> Vec<Instruction> {
    // A rule without conditions decides; what stands beside it in a profile cannot add to it. libseccomp sees it so too.
    if let Some(rule) = rules.iter().find(|rule| rule.conditions.is_empty()) {
        return vec![give(rule.action)];
    }
    let mut program = Vec::new();
    for rule in rules {
        program.extend(conditional(rule));
    }
    program.push(give(default));
    program
}

/// A jump's target before its distance is known.
#[derive(Clone, Copy)]
enum To {
    Next,
    Holds,
    Fails,
}

fn conditional(rule: &Rule) -> Vec<Instruction> {
    let mut program: Vec<(Instruction, To, To, usize)> = Vec::new();
    for condition in &rule.conditions {
        let steps = steps(condition);
        let end = program.len() + steps.len();
        program.extend(steps.into_iter().map(|(op, yes, no)| (op, yes, no, end)));
    }
    // Behind the conditions comes the return, behind that the next rule.
    let fails = program.len() + 1;
    let mut out: Vec<Instruction> = Vec::with_capacity(fails);
    for (at, (mut op, yes, no, end)) in program.into_iter().enumerate() {
        let distance = |to: To| match to {
            To::Next => 0,
            To::Holds => (end - at - 1) as u8,
            To::Fails => (fails - at - 1) as u8,
        };
        if matches!(op.code, JUMP_EQUAL | JUMP_GREATER | JUMP_NOT_LESS) {
            (op.jump_true, op.jump_false) = (distance(yes), distance(no));
        }
        out.push(op);
    }
    out.push(give(rule.action));
    out
}

fn steps(condition: &Condition) -> Vec<(Instruction, To, To)> {
    use To::{Fails, Holds, Next};
    let low_at = 16 + 8 * u32::from(condition.argument);
    let (low, high) = (condition.value as u32, (condition.value >> 32) as u32);
    let plain = |op: Instruction| (op, Next, Next);
    let (load_low, load_high) = (plain(op(LOAD, low_at, 0, 0)), plain(op(LOAD, low_at + 4, 0, 0)));
    let jump = |code, value, yes, no| (op(code, value, 0, 0), yes, no);
    match condition.compare {
        Compare::Equal => {
            vec![load_high, jump(JUMP_EQUAL, high, Next, Fails), load_low, jump(JUMP_EQUAL, low, Next, Fails)]
        }
        Compare::NotEqual => {
            vec![load_high, jump(JUMP_EQUAL, high, Next, Holds), load_low, jump(JUMP_EQUAL, low, Fails, Next)]
        }
        Compare::Masked(mask) => vec![
            load_high,
            plain(op(AND, (mask >> 32) as u32, 0, 0)),
            jump(JUMP_EQUAL, high, Next, Fails),
            load_low,
            plain(op(AND, mask as u32, 0, 0)),
            jump(JUMP_EQUAL, low, Next, Fails),
        ],
        Compare::Greater | Compare::GreaterOrEqual => {
            let last = if condition.compare == Compare::Greater { JUMP_GREATER } else { JUMP_NOT_LESS };
            vec![
                load_high,
                jump(JUMP_GREATER, high, Holds, Next),
                jump(JUMP_EQUAL, high, Next, Fails),
                load_low,
                jump(last, low, Next, Fails),
            ]
        }
        Compare::Less | Compare::LessOrEqual => {
            let last = if condition.compare == Compare::Less { JUMP_NOT_LESS } else { JUMP_GREATER };
            vec![
                load_high,
                jump(JUMP_GREATER, high, Fails, Next),
                jump(JUMP_EQUAL, high, Next, Holds),
                load_low,
                jump(last, low, Fails, Next),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::{ALLOW, EPERM, number, runtime_default};

    /// Runs a program as the kernel would.
    fn run(program: &[Instruction], architecture: u32, call: u32, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend(call.to_le_bytes());
        data.extend(architecture.to_le_bytes());
        data.extend([0; 8]);
        data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
        let (mut at, mut value) = (0, 0u32);
        loop {
            let op = program[at];
            at += 1;
            let choose = |yes: bool| usize::from(if yes { op.jump_true } else { op.jump_false });
            match op.code {
                LOAD => value = u32::from_le_bytes(data[op.constant as usize..][..4].try_into().unwrap()),
                JUMP => at += op.constant as usize,
                JUMP_EQUAL => at += choose(value == op.constant),
                JUMP_GREATER => at += choose(value > op.constant),
                JUMP_NOT_LESS => at += choose(value >= op.constant),
                AND => value &= op.constant,
                RETURN => return op.constant,
                other => panic!("operation {other}"),
            }
        }
    }

    #[test]
    fn the_default_filter_decides() {
        let program = runtime_default(|_| false).compile().unwrap();
        let refused = ERRNO | EPERM;
        for (name, first, expected) in [
            ("read", 0, ALLOW),
            ("execve", 0, ALLOW),
            ("mount", 0, refused),
            ("unshare", 0, refused),
            ("clone", 0x11, ALLOW),
            ("clone", 0x1000_0000, refused),
            ("clone3", 0, ERRNO | ENOSYS),
            ("socket", 2, ALLOW),
            ("socket", 38, refused),
            ("socket", 40, refused),
            ("socket", 41, ALLOW),
            ("socket", 46, refused),
            ("personality", 0xffff_ffff, ALLOW),
            ("personality", 1, refused),
            ("keyctl", 0, refused),
        ] {
            let number = number(name).unwrap();
            assert_eq!(run(&program, ARCHITECTURE, number, [first, 0, 0, 0, 0, 0]), expected, "{name}({first})");
        }
        assert_eq!(run(&program, 0x4000_0003, 1, [0; 6]), ERRNO | ENOSYS);
        assert_eq!(run(&program, ARCHITECTURE, 100_000, [0; 6]), refused);
        assert!(program.len() < 1000, "{}", program.len());
    }

    #[test]
    fn capabilities_open_more() {
        let program = runtime_default(|name| name == "SYS_ADMIN").compile().unwrap();
        for name in ["mount", "clone3", "unshare"] {
            assert_eq!(
                run(&program, ARCHITECTURE, number(name).unwrap(), [0x1000_0000, 0, 0, 0, 0, 0]),
                ALLOW,
                "{name}"
            );
        }
    }

    #[test]
    fn comparisons() {
        let big = 0x1_0000_0005u64;
        for (compare, holds, fails) in [
            (Compare::Equal, vec![big], vec![5, big + 1]),
            (Compare::NotEqual, vec![5, big + 1], vec![big]),
            (Compare::Less, vec![5, big - 1, 0xffff_ffff], vec![big, big + 1, 0x2_0000_0000]),
            (Compare::LessOrEqual, vec![big, 7], vec![big + 1, 0x2_0000_0000]),
            (Compare::Greater, vec![big + 1, 0x2_0000_0000], vec![big, 0xffff_ffff]),
            (Compare::GreaterOrEqual, vec![big, 0x2_0000_0000], vec![big - 1, 5]),
            (Compare::Masked(0xf_0000_000f), vec![big, big | 0xf0], vec![5, big + 1]),
        ] {
            let mut filter = Filter::new(ERRNO | EPERM);
            filter.rules.insert(
                7,
                vec![Rule { action: ALLOW, conditions: vec![Condition { argument: 2, compare, value: big }] }],
            );
            let program = filter.compile().unwrap();
            for (values, expected) in [(holds, ALLOW), (fails, ERRNO | EPERM)] {
                for value in values {
                    assert_eq!(
                        run(&program, ARCHITECTURE, 7, [0, 0, value, 0, 0, 0]),
                        expected,
                        "{compare:?} {value:#x}"
                    );
                }
            }
        }
    }
}
