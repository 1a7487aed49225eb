package dev.decanter.genai.template;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code tojson} as Transformers defines it: Python's {@code json.dumps} without escapes for what is not ASCII. */
final class ToJsonFilter implements Filter {
    @Override
    public String getName() {
        return "tojson";
    }

    @Override
    public Object filter(@Nullable Object value, JinjavaInterpreter interpreter, String... args) {
        return PythonJson.write(value, args.length > 0 ? args[0] : null);
    }

    @Override
    public Object filter(
            @Nullable Object value, JinjavaInterpreter interpreter, Object[] args, Map<String, Object> named) {
        Object indent = named.get("indent");
        return PythonJson.write(value, indent != null ? indent : args.length > 0 ? args[0] : null);
    }
}
