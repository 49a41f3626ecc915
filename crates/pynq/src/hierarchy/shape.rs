//! Which blocks of a design are the members of a driver: by kind, by joint, by name.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use pynq_hwh::Design;

use super::{HierarchyDriver, Join, Member, MissingMember};
use crate::{Error, Result};

/// More choices than this are not tried: a design with so many blocks of one kind needs names.
const TRIES: usize = 10_000;

/// The members that were found, by role.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Members {
    of: &'static str,
    shape: &'static [Member],
    found: BTreeMap<&'static str, String>,
}

impl Members {
    pub(crate) fn get(&self, role: &str) -> Option<&str> {
        self.found.get(role).map(String::as_str)
    }

    /// The names of the blocks, each once, in order.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.found.values().map(String::as_str).collect()
    }

    pub(crate) fn of(&self) -> &'static str {
        self.of
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = &'static str> {
        self.found.keys().copied()
    }

    pub(crate) fn kinds(&self, role: &str) -> &'static [&'static str] {
        self.shape.iter().find(|member| member.role == role).map_or(&[], |member| member.kinds)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.found.fmt(f)
    }
}

/// The levels of the hierarchy that hold what `H` is made of, without those around a level that does.
pub(crate) fn fitting<H: HierarchyDriver>(design: &Design) -> Vec<String> {
    let fits = |path: &&String| members::<H>(design, path).is_ok();
    let all: Vec<&String> = design.hierarchies.keys().filter(fits).collect();
    let is_inner = |path: &&&String| !all.iter().any(|other| other != *path && lies_in(other, path));
    all.iter().filter(is_inner).map(|path| (**path).clone()).collect()
}

/// The members of `H` in the level `path` of the hierarchy, at whatever depth.
pub(crate) fn members<H: HierarchyDriver>(design: &Design, path: &str) -> Result<Members> {
    if !path.is_empty() && !design.hierarchies.contains_key(path) {
        return Err(Error::NoSuchHierarchy {
            path: path.to_owned(),
            design: design.source.name.clone(),
            has: design.hierarchies.keys().cloned().collect(),
        });
    }
    let search = Search { design, path, of: H::NAME, shape: H::MEMBERS };
    let found = search.run()?;
    Ok(Members { of: H::NAME, shape: H::MEMBERS, found })
}

/// Whether the block or level `inner` lies in the level `outer`, or is it.
fn lies_in(inner: &str, outer: &str) -> bool {
    outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

struct Search<'a> {
    design: &'a Design,
    path: &'a str,
    of: &'static str,
    shape: &'static [Member],
}

/// A choice of a block for each member, by the index of the member; an optional one may have none.
type Choice<'a> = Vec<Option<&'a str>>;

impl<'a> Search<'a> {
    fn run(&self) -> Result<BTreeMap<&'static str, String>> {
        let candidates: Vec<Vec<&'a str>> = self.shape.iter().map(|member| self.of_kind(member)).collect();
        for (member, found) in self.shape.iter().zip(&candidates) {
            if found.is_empty() && !member.optional {
                return Err(self.missing(member, None, found));
            }
        }
        let (mut choices, mut tries) = (Vec::new(), 0);
        self.choose(&candidates, &mut Vec::new(), &mut choices, &mut tries);
        // An optional member is left out only where nothing fits it.
        let most = choices.iter().map(|choice| choice.iter().flatten().count()).max().unwrap_or_default();
        choices.retain(|choice| choice.iter().flatten().count() == most);
        self.prefer_named(&mut choices);
        let Some(choice) = choices.first() else { return Err(self.unjoined(&candidates)) };
        // Where several are left, they differ in some member.
        for (index, member) in self.shape.iter().enumerate() {
            let different: BTreeSet<&str> = choices.iter().filter_map(|choice| choice[index]).collect();
            if different.len() > 1 {
                return Err(Error::AmbiguousMember {
                    hierarchy: self.path.to_owned(),
                    expected: self.of,
                    member: member.role.to_owned(),
                    found: different.into_iter().map(str::to_owned).collect(),
                    names: member.names,
                });
            }
        }
        let found = self.shape.iter().zip(choice).filter_map(|(member, name)| Some((member.role, (*name)?.to_owned())));
        Ok(found.collect())
    }

    /// The blocks of the member's kind in this level.
    fn of_kind(&self, member: &Member) -> Vec<&'a str> {
        let fits = |kind: &str| member.kinds.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind));
        let level = self.design.ip.iter().filter(|(_, block)| lies_in(&block.path, self.path));
        let mut names: Vec<&str> =
            level.filter(|(_, block)| fits(block.vlnv_without_version())).map(|(name, _)| name.as_str()).collect();
        // The likeliest first, for a design with more choices than are tried.
        names.sort_by_key(|name| !is_named(member, name));
        names
    }

    /// All choices of different blocks in which every joint is there.
    fn choose(
        &self,
        candidates: &[Vec<&'a str>],
        chosen: &mut Choice<'a>,
        all: &mut Vec<Choice<'a>>,
        tries: &mut usize,
    ) {
        *tries += 1;
        if *tries > TRIES {
            return;
        }
        let Some(found) = candidates.get(chosen.len()) else {
            all.push(chosen.clone());
            return;
        };
        let optional = self.shape[chosen.len()].optional;
        for name in found.iter().copied().map(Some).chain(optional.then_some(None)) {
            if name.is_some() && chosen.contains(&name) {
                continue;
            }
            chosen.push(name);
            if self.joints_hold(chosen) {
                self.choose(candidates, chosen, all, tries);
            }
            chosen.pop();
        }
    }

    /// Whether no joint of the member that was chosen last with those before it is missing.
    fn joints_hold(&self, chosen: &Choice<'a>) -> bool {
        let last = chosen.len() - 1;
        (0..chosen.len()).all(|index| {
            self.shape[index].joins().all(|join| {
                let to = self.shape.iter().position(|member| member.role == join.to);
                let Some(to) = to.filter(|to| *to <= last && (*to == last || index == last)) else { return true };
                match (chosen[index], chosen[to]) {
                    (Some(name), Some(other)) => self.is_joined(name, join, other),
                    _ => true,
                }
            })
        })
    }

    /// Whether a bus leads from interface `join.port` of block `name` to `join.to_port` of `other`, through blocks that have
    /// no address.
    fn is_joined(&self, name: &str, join: Join, other: &str) -> bool {
        let path_of = |name: &str| self.design.ip.get(name).map(|block| block.path.as_str());
        let (Some(from), Some(to)) = (path_of(name), path_of(other)) else { return false };
        let mut seen = BTreeSet::new();
        let mut next = VecDeque::from([(from, join.port)]);
        while let Some((path, port)) = next.pop_front() {
            let Some(bus) = self.design.bus_at(path, port) else { continue };
            for end in bus.peers(path, port) {
                let Some(peer) = end.path.as_deref() else { continue };
                if peer == to && end.name.eq_ignore_ascii_case(join.to_port) {
                    return true;
                }
                if !self.is_addressed(peer) && seen.insert(peer) {
                    next.extend(self.interfaces(peer).filter(|name| *name != end.name).map(|name| (peer, name)));
                }
            }
        }
        false
    }

    /// Whether the block at `path` is one that a driver could have, or a processor.
    fn is_addressed(&self, path: &str) -> bool {
        self.design.ip.values().any(|block| block.path == path)
            || self.design.processor.as_ref().is_some_and(|processor| processor.path == path)
            || self.design.soft_processors.contains_key(path)
    }

    /// The interfaces of the block at `path`.
    fn interfaces(&self, path: &str) -> impl Iterator<Item = &str> {
        let ends = self.design.buses.values().flat_map(|bus| &bus.ends);
        ends.filter(move |end| end.path.as_deref() == Some(path)).map(|end| end.name.as_str())
    }

    /// Where there is a choice, leaves those with the names that the members are expected to have.
    fn prefer_named(&self, choices: &mut Vec<Choice<'a>>) {
        for (index, member) in self.shape.iter().enumerate() {
            let has_name = |choice: &Choice<'_>| choice[index].is_some_and(|name| is_named(member, name));
            if choices.iter().any(has_name) {
                choices.retain(has_name);
            }
        }
    }

    /// The error where no choice has all the joints: it names one that no two blocks have, if there is one.
    fn unjoined(&self, candidates: &[Vec<&'a str>]) -> Error {
        for (from, blocks) in self.shape.iter().zip(candidates) {
            for join in from.joins() {
                let to = self.shape.iter().position(|member| member.role == join.to);
                let Some(others) = to.and_then(|to| candidates.get(to)) else { continue };
                let mut pairs = blocks.iter().flat_map(|name| others.iter().map(move |other| (*name, *other)));
                if !pairs.any(|(name, other)| name != other && self.is_joined(name, join, other)) {
                    return self.missing(from, Some(join), blocks);
                }
            }
        }
        // There are fewer blocks than members of one kind, or no one choice has all joints together.
        match self.shape.iter().zip(candidates).rev().find(|(member, _)| !member.optional) {
            Some((member, blocks)) => self.missing(member, member.joins().next(), blocks),
            None => self.missing(&NOTHING, None, &[]),
        }
    }

    fn missing(&self, member: &Member, joint: Option<Join>, found: &[&str]) -> Error {
        let blocks = self.design.ip.iter().filter(|(_, block)| lies_in(&block.path, self.path));
        Error::MissingMember(Box::new(MissingMember {
            hierarchy: self.path.to_owned(),
            expected: self.of,
            member: member.role.to_owned(),
            kinds: member.kinds,
            joint: joint.map(|join| format!("whose {} leads to {} of `{}`", join.port, join.to_port, join.to)),
            found: found.iter().map(|name| (*name).to_owned()).collect(),
            has: blocks.map(|(name, _)| name.clone()).collect(),
        }))
    }
}

/// Of a driver all of whose members may be missing, none is.
const NOTHING: Member = Member::new("", &[]);

/// Whether the block's name, without the hierarchy before it, is one that the member may have.
fn is_named(member: &Member, name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    member.names.iter().any(|wanted| wanted.eq_ignore_ascii_case(last) || wanted.eq_ignore_ascii_case(name))
}
