package dev.decanter.cpu.compile;

/** One piece of work of a plan, for one node. Holds constants and packed weights; everything else is in the frame. */
@FunctionalInterface
interface Step {
    /** Computes the node's outputs; inputs and outputs are asked of the frame by their position at the node. */
    void run(Frame frame);
}
