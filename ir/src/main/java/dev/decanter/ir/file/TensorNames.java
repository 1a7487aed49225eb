package dev.decanter.ir.file;

import dev.decanter.ir.IrException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/** The {@code names} of a port: separated by commas, a comma inside a name is {@code \,}. */
final class TensorNames {
    private TensorNames() {}

    static List<String> split(String text) {
        List<String> out = new ArrayList<>();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i <= text.length(); i++) {
            char c = i == text.length() ? ',' : text.charAt(i);
            if (c == '\\' && i + 1 < text.length() && text.charAt(i + 1) == ',') {
                name.append(',');
                i++;
            } else if (c == ',') {
                if (!name.isEmpty() && !out.contains(name.toString())) {
                    out.add(name.toString());
                }
                name.setLength(0);
            } else {
                name.append(c);
            }
        }
        return out;
    }

    /** Sorted, as OpenVINO writes them. Throws {@link IrException} for a name that could not be read back. */
    static String join(Collection<String> names) {
        for (String name : names) {
            if (name.isEmpty() || name.endsWith("\\")) {
                throw new IrException("the tensor name " + Limits.quote(name)
                        + " cannot be written: it must not be empty or end with a backslash");
            }
        }
        StringBuilder out = new StringBuilder();
        for (String name : new TreeSet<>(names)) {
            out.append(out.isEmpty() ? "" : ",").append(name.replace(",", "\\,"));
        }
        return out.toString();
    }
}
