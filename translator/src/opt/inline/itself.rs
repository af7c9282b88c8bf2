//! Small functions that call themselves: an activation does the work of several.

use super::{inline_one, weight};
use crate::ir::{FuncId, Function, Inline, Inst, InstId};

/// The largest function whose calls of itself are taken in.
const RECURSIVE: usize = 40;
/// How large it may become by that.
const UNROLLED: usize = 160;

/// Takes calls of itself into a small function, so that an activation does the work of several. Answers whether there was any.
pub fn run_on_itself(func: &mut Function, own: FuncId) -> bool {
    let own_calls = |func: &Function| -> Vec<InstId> {
        let calls = func.each_inst().filter(
            |(_, id)| matches!(func.insts[*id].inst, Inst::Call(callee, _) if callee == own),
        );
        calls.map(|(_, id)| id).collect()
    };
    let attributes = func.attributes;
    if weight(func) > RECURSIVE || attributes.cold || attributes.inline == Inline::Never {
        return false;
    }
    let body = func.clone();
    let mut changed = false;
    loop {
        let (calls, before) = (own_calls(func), weight(func));
        if calls.is_empty() || before + calls.len() * weight(&body) > UNROLLED {
            return changed;
        }
        for id in calls {
            inline_one(func, id, &body);
        }
        changed = true;
        // What does nothing but call itself would never become large.
        if weight(func) <= before {
            return changed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::EntityRef;
    use crate::ir::interpret::{End, run as interpret};
    use crate::ir::{parse_module, verify};

    #[test]
    fn a_small_function_takes_in_its_own_calls_until_it_is_large() {
        let text = "function \"fib\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = iconst 2\n    v2 = icmp.slt v0, v1\n    \
            br v2, block1, block2\nblock1:\n    ret v0\nblock2:\n    v3 = iconst 1\n    v4 = sub v0, v3\n    v5 = call \"fib\"(v4)\n    \
            v6 = sub v0, v1\n    v7 = call \"fib\"(v6)\n    v8 = add v5, v7\n    ret v8\n}\n";
        let before = parse_module(text).expect("the text is right");
        let mut after = before.clone();
        let id = FuncId::new(0);
        assert!(run_on_itself(&mut after.functions[id], id));
        assert_eq!(verify(&after), Ok(()), "{}", after.text());
        let size = weight(&after.functions[id]);
        assert!(size > 40 && size <= UNROLLED, "{size}");
        let (old, new) = (
            interpret(&before, id, &[12], &[], 100_000),
            interpret(&after, id, &[12], &[], 100_000),
        );
        assert_eq!(old.end, End::Returned(Some(144)));
        assert_eq!(new.end, old.end);
    }

    #[test]
    fn what_does_nothing_but_call_itself_comes_to_an_end() {
        let text = "function \"f\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"f\"(v0)\n    ret v1\n}\n";
        let mut module = parse_module(text).expect("the text is right");
        let id = FuncId::new(0);
        assert!(run_on_itself(&mut module.functions[id], id));
        assert_eq!(verify(&module), Ok(()), "{}", module.text());
    }
}
