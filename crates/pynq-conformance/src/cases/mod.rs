//! The cases, and where each applies.

mod cancelling;
mod deadlines;
mod errors;
mod gpio;
mod latches;
mod masking;
mod service;
mod waiters;
mod wakeups;

use alloc::{vec, vec::Vec};

use crate::{Fixture, Source, Topology, Verdict, case::Case};

/// The state of the fixture when the case begins.
#[derive(Clone, Copy)]
pub(crate) enum Setup {
    Fresh,
    Used,
}

pub(crate) struct Entry<B: Fixture> {
    pub(crate) name: &'static str,
    pub(crate) applies: fn(&Topology) -> bool,
    pub(crate) setup: Setup,
    pub(crate) run: fn(&Case<'_, B>) -> Verdict,
}

fn everywhere(_: &Topology) -> bool {
    true
}

/// The source is an edge device, or a GPIO, whose status remembers as an edge latch does.
fn remembers(topology: &Topology) -> bool {
    topology.source != Source::Level
}

/// As [`remembers`], where the engine can read what is remembered. The latch of an edge pin on the root is the root's
/// own, and its contract has no way to read it without waiting.
fn harvests(topology: &Topology) -> bool {
    remembers(topology) && !(topology.is_on_root() && topology.source == Source::Edge)
}

fn edges(topology: &Topology) -> bool {
    topology.source == Source::Edge
}

fn edge_inputs(topology: &Topology) -> bool {
    topology.source == Source::Edge && !topology.is_on_root()
}

fn levels(topology: &Topology) -> bool {
    topology.source == Source::Level
}

fn gpios(topology: &Topology) -> bool {
    topology.source == Source::Gpio
}

fn gpios_on_edge_inputs(topology: &Topology) -> bool {
    topology.source == Source::Gpio && topology.is_on_edge_input()
}

fn gpios_on_level_inputs(topology: &Topology) -> bool {
    topology.source == Source::Gpio && !topology.is_on_root() && !topology.is_on_edge_input()
}

/// There are registers between the source and the root.
fn behind_registers(topology: &Topology) -> bool {
    !topology.is_on_root() || topology.source == Source::Gpio
}

fn controllers(topology: &Topology) -> bool {
    topology.source != Source::Gpio && !topology.is_on_root()
}

macro_rules! table {
    ($($name:literal, $applies:ident, $setup:ident, $module:ident::$run:ident;)*) => {
        /// The names of the cases, and where they apply.
        pub(crate) const TABLE: &[(&str, fn(&Topology) -> bool)] = &[$(($name, $applies)),*];

        /// The cases, for a kind of fixture.
        pub(crate) fn all<B: Fixture>() -> Vec<Entry<B>> {
            vec![$(Entry { name: $name, applies: $applies, setup: Setup::$setup, run: $module::$run::<B> }),*]
        }
    };
}

table! {
    "i01_masked_when_nobody_waits", everywhere, Fresh, masking::nobody_waits;
    "i01_masked_by_the_last_of_two", everywhere, Fresh, masking::last_of_two;
    "i01_other_lines_stay_masked", everywhere, Fresh, masking::other_lines;
    "i01_masked_after_an_error", everywhere, Fresh, masking::after_an_error;
    "i01_masked_after_a_used_controller_was_claimed", behind_registers, Used, masking::used;
    "i02_every_event_wakes", everywhere, Fresh, wakeups::every_event;
    "i02_event_before_the_wait_is_found", everywhere, Fresh, wakeups::before_the_wait;
    "i02_event_while_unmasking", behind_registers, Fresh, wakeups::while_unmasking;
    "i02_event_before_the_status_is_read", behind_registers, Fresh, wakeups::before_the_status_is_read;
    "i02_edge_between_read_and_acknowledge", remembers, Fresh, wakeups::before_the_acknowledge;
    "i02_other_line_between_read_and_acknowledge", behind_registers, Fresh, wakeups::other_line_before_acknowledge;
    "i02_edge_in_the_acknowledge_clock_is_read_from_the_device", edge_inputs, Fresh, wakeups::in_the_acknowledge;
    "i02_pin_in_the_acknowledge_clock_is_found", gpios_on_edge_inputs, Fresh, wakeups::pin_in_the_acknowledge;
    "i03_quiet_level_line_blocks", levels, Fresh, latches::quiet_level_blocks;
    "i03_active_level_line_fires_again", levels, Fresh, latches::active_level_fires;
    "i03_stale_level_latch_is_no_event", levels, Fresh, latches::stale_level_latch;
    "i03_edge_while_nobody_waits_stays", remembers, Fresh, latches::edge_stays;
    "i03_edge_after_the_acknowledge_is_latched", remembers, Fresh, latches::after_the_acknowledge;
    "i03_stale_latch_is_not_for_a_new_handle", harvests, Fresh, latches::new_handle;
    "i03_clear_forgets_what_was_latched", harvests, Fresh, latches::clear_forgets;
    "i03_clear_counts_it_for_others", harvests, Fresh, latches::clear_counts_for_others;
    "i03_stale_latches_of_a_used_controller_are_gone", behind_registers, Used, latches::used;
    "i04_forty_waiters_are_woken_once", everywhere, Fresh, waiters::forty;
    "i04_newcomer_is_not_woken_by_a_running_service", harvests, Fresh, waiters::newcomer;
    "i04_handles_have_cursors_of_their_own", harvests, Fresh, waiters::cursors;
    "i04_listener_counts_what_it_missed", edges, Fresh, waiters::listener;
    "i04_armed_before_the_device_is_started", everywhere, Fresh, waiters::armed_before;
    "i05_cancelled_wait_leaves_nothing", everywhere, Fresh, cancelling::leaves_nothing;
    "i05_event_of_a_cancelled_wait_is_kept", everywhere, Fresh, cancelling::keeps_the_event;
    "i05_cancelling_takes_nobody_s_event", everywhere, Fresh, cancelling::takes_nothing;
    "i05_cancelled_after_k_polls", everywhere, Fresh, cancelling::after_k_polls;
    "i06_serviced_once", everywhere, Fresh, service::once;
    "i06_node_is_served_before_who_listens_on_its_line", gpios_on_level_inputs, Fresh, service::two_owners;
    "i06_two_lines_at_once", everywhere, Fresh, service::two_lines;
    "i07_waits_on_two_lines_are_independent", everywhere, Fresh, service::independent;
    "i08_failing_root_completes_all", everywhere, Fresh, errors::failing_root;
    "i08_invalidated_node_is_not_accessed", everywhere, Fresh, errors::invalidated;
    "i08_no_such_line", everywhere, Fresh, errors::no_such_line;
    "i09_root_fires_once_per_arming", everywhere, Fresh, service::one_shot;
    "i10_waiting_costs_nothing", everywhere, Fresh, service::costs_nothing;
    "i11_slow_task_delays_nobody", everywhere, Fresh, service::slow_task;
    "i12_twin_finds_what_is_there", everywhere, Fresh, deadlines::twin_finds;
    "i12_twin_gives_up_at_its_deadline", everywhere, Fresh, deadlines::twin_gives_up;
    "i12_event_beats_the_deadline", everywhere, Fresh, deadlines::event_wins;
    "i12_async_wait_gives_up_at_its_deadline", everywhere, Fresh, deadlines::async_gives_up;
    "i13_spurious_interrupt_wakes_nobody", everywhere, Fresh, service::spurious;
    "i13_claimed_once", behind_registers, Fresh, service::claimed_once;
    "gpio_press_is_for_its_own_button", gpios, Fresh, gpio::own_button;
    "gpio_two_tasks_on_one_pin", gpios, Fresh, gpio::one_pin;
    "gpio_channel_1_is_not_woken_by_channel_2", gpios, Fresh, gpio::other_channel;
    "gpio_two_channels_on_one_line", gpios, Fresh, gpio::two_channels;
    "gpio_level_that_holds_is_no_wait", gpios, Fresh, gpio::level_holds;
    "gpio_edges_have_directions", gpios, Fresh, gpio::directions;
    "gpio_there_and_back_is_nothing", gpios, Fresh, gpio::there_and_back;
    "intc_software_interrupt", controllers, Fresh, service::software;
}
