package dev.decanter.cpu.compile;

import dev.decanter.ir.Model;

/** Rewrites a graph that this device owns; nodes that fall out of use need not be removed. */
interface GraphPass {
    void run(Model model);
}
