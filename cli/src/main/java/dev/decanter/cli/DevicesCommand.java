package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.runtime.Core;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code decanter devices}. */
@Command(
        name = "devices",
        description = "Lists the devices, what each has, and its compile properties. The first one is AUTO's choice.",
        footer = "  decanter devices --json")
final class DevicesCommand extends BaseCommand {
    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() {
        Core core = Core.create();
        if (json) {
            ObjectNode root = JSON.createObjectNode();
            var devices = root.putArray("devices");
            for (String name : core.availableDevices()) {
                ObjectNode device = devices.addObject().put("name", name);
                core.deviceFacts(name).forEach(device.putObject("facts")::put);
                core.deviceProperties(name).forEach(device.putObject("properties")::put);
            }
            print(root);
            return;
        }
        for (String name : core.availableDevices()) {
            out().println(name);
            core.deviceFacts(name).forEach((key, value) -> out().printf(Locale.ROOT, "  %-22s %s%n", key, value));
            core.deviceProperties(name)
                    .forEach((key, value) ->
                            out().printf(Locale.ROOT, "  %-32s default %s  (--property)%n", key, value));
        }
    }
}
