//! Source positions, and the activations that inlining has merged into a function.

use crate::base::{EntityRef, PrimaryMap};

use super::entities::{Name, Site, Snapshot};
use super::portable::{Portable, Reader, Writer, portable_struct};

/// A place in the source: a method and a line, and the activation of that method. Line 0 is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    /// The method's name in the module's string pool.
    pub method: Name,
    /// The line in its file.
    pub line: u32,
    /// Whose code it is: that of the function itself, or of a method inlined into it.
    pub site: Site,
    /// What the variables are there.
    pub snapshot: Snapshot,
}

impl Position {
    /// A place in the function's own code.
    #[must_use]
    pub fn new(method: Name, line: u32) -> Self {
        Self {
            method,
            line,
            site: Site::OWN,
            snapshot: Snapshot::NOTHING,
        }
    }

    /// Whether both are the same line of the same method, in whatever activation.
    #[must_use]
    pub fn is_same_line(self, other: Self) -> bool {
        self.method == other.method && self.line == other.line
    }
}

/// A method that was inlined into a function, at one place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Activation {
    /// Where the method begins.
    pub definition: Position,
    /// The call that it stands for; an activation called later has the greater number.
    pub call: Position,
}

/// The activations in a function; the first is that of the function itself, which calls nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activations(PrimaryMap<Site, Activation>);

portable_struct! {
    Activation { definition, call }
}

impl Portable for Activations {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Portable::read(from).map(Self)
    }
}

impl Activations {
    /// Those of a function without inlined methods.
    #[must_use]
    pub fn new(function: Position) -> Self {
        let own = Activation {
            definition: function,
            call: function,
        };
        Self([own].into_iter().collect())
    }

    /// The activation of a site.
    #[must_use]
    pub fn get(&self, site: Site) -> &Activation {
        &self.0[site]
    }

    /// Whether a site is that of an activation.
    #[must_use]
    pub fn contains(&self, site: Site) -> bool {
        self.0.contains(site)
    }

    /// Those of inlined methods, callers before callees.
    pub fn inlined(&self) -> impl Iterator<Item = (Site, &Activation)> {
        self.0.iter().skip(1)
    }

    /// All positions that they name.
    pub fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        let both = |found: &Activation| [found.definition, found.call];
        self.0.values().flat_map(both)
    }

    /// A new activation; its call must be in one that is known.
    pub fn push(&mut self, activation: Activation) -> Site {
        self.0.push(activation)
    }

    /// Takes the activations of an inlined function in, the function itself as called from `call`. The positions of its code have to be
    /// [`moved`](Moved::position) then. Of snapshots there have been `snapshots` so far.
    pub fn take_in(&mut self, callee: &Self, call: Position, snapshots: usize) -> Moved {
        let moved = Moved {
            distance: self.0.len(),
            snapshots,
        };
        for (site, &activation) in callee.0.iter() {
            self.0.push(Activation {
                call: match site {
                    Site::OWN => call,
                    _ => moved.position(activation.call),
                },
                ..activation
            });
        }
        moved
    }

    /// The activations that a site is in, innermost first, without the function itself.
    pub fn chain(&self, site: Site) -> impl Iterator<Item = Site> + '_ {
        let outer = |site: &Site| Some(self.0[*site].call.site);
        std::iter::successors(Some(site), outer).take_while(|site| *site != Site::OWN)
    }
}

/// How sites and snapshots of an inlined function are numbered in its caller.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    distance: usize,
    snapshots: usize,
}

impl Moved {
    /// A position of the callee as one of the caller.
    #[must_use]
    pub fn position(self, position: Position) -> Position {
        Position {
            site: self.site(position.site),
            snapshot: self.snapshot(position.snapshot),
            ..position
        }
    }

    /// A site of the callee as one of the caller.
    #[must_use]
    pub fn site(self, site: Site) -> Site {
        Site::new(self.distance + site.index())
    }

    /// A snapshot of the callee as one of the caller.
    #[must_use]
    pub fn snapshot(self, snapshot: Snapshot) -> Snapshot {
        match snapshot {
            Snapshot::NOTHING => snapshot,
            known => Snapshot::new(self.snapshots + known.index()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_of_an_inlined_function_are_called_from_its_call() {
        let at = |method: usize, line| Position::new(Name::new(method), line);
        let inlined = |outer: &mut Activations, method, call| {
            let definition = at(method, 1);
            outer.push(Activation { definition, call })
        };
        let mut callee = Activations::new(at(2, 10));
        let leaf = inlined(&mut callee, 3, at(2, 12));
        let mut caller = Activations::new(at(1, 20));
        inlined(&mut caller, 4, at(1, 21));
        let moved = caller.take_in(&callee, at(1, 25), 0);
        let place = moved.position(Position {
            site: leaf,
            ..at(3, 1)
        });
        let chain: Vec<(usize, u32)> = caller
            .chain(place.site)
            .map(|site| caller.get(site))
            .map(|found| (found.definition.method.index(), found.call.line))
            .collect();
        assert_eq!(chain, [(3, 12), (2, 25)]);
        assert_eq!(caller.chain(Site::OWN).count(), 0);
    }
}
