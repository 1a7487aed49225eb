package dev.decanter.genai.template;

import com.hubspot.jinjava.el.ext.JinjavaBeanELResolver;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/**
 * What a template may reach of an object: entries of maps and lists, characters of strings, the methods of Python's strings,
 * lists and dicts, the loop variable, filters and tests. Nothing else: no property and no method of any other class.
 */
final class PythonResolver extends ELResolver {
    /** By reflection, but for jinjava's own objects only. */
    private final JinjavaBeanELResolver ownObjects = new JinjavaBeanELResolver(true);

    private static boolean isOwn(Object base) {
        return base instanceof Filter || base instanceof ExpTest || base instanceof ForLoop;
    }

    @Override
    public @Nullable Object getValue(ELContext context, @Nullable Object base, @Nullable Object property) {
        if (base == null) {
            return null;
        }
        if (isOwn(base)) {
            return ownObjects.getValue(context, base, property);
        }
        context.setPropertyResolved(true);
        return switch (base) {
            case Map<?, ?> map -> map.get(property instanceof Number ? property : String.valueOf(property));
            case List<?> list -> item(list, property);
            case CharSequence text -> character(text.toString(), property);
            default -> null;
        };
    }

    private static @Nullable Object item(List<?> list, @Nullable Object property) {
        if (!(property instanceof Number number)) {
            return null;
        }
        long index = number.longValue();
        long at = index < 0 ? index + list.size() : index;
        return at >= 0 && at < list.size() ? list.get((int) at) : null;
    }

    private static @Nullable Object character(String text, @Nullable Object property) {
        if (!(property instanceof Number number)) {
            return null;
        }
        int length = text.codePointCount(0, text.length());
        long index = number.longValue();
        long at = index < 0 ? index + length : index;
        return at >= 0 && at < length
                ? Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) at)))
                : null;
    }

    @Override
    public @Nullable Object invoke(
            ELContext context,
            @Nullable Object base,
            @Nullable Object method,
            Class<?> @Nullable [] types,
            @Nullable Object @Nullable [] params) {
        if (base == null || method == null) {
            return null;
        }
        if (isOwn(base)) {
            return ownObjects.invoke(context, base, method, types, params);
        }
        context.setPropertyResolved(true);
        Arguments arguments = Arguments.of(params == null ? new Object[0] : params);
        return switch (base) {
            case CharSequence text -> PythonStrings.call(text.toString(), method.toString(), arguments);
            case Map<?, ?> map -> PythonCollections.callMap(map, method.toString(), arguments);
            case List<?> list -> PythonCollections.callList(list, method.toString(), arguments);
            default -> throw new IllegalArgumentException("there is no method " + method);
        };
    }

    @Override
    public @Nullable Class<?> getType(ELContext context, @Nullable Object base, @Nullable Object property) {
        context.setPropertyResolved(base != null);
        return null;
    }

    @Override
    public void setValue(ELContext context, @Nullable Object base, @Nullable Object property, @Nullable Object value) {
        throw new IllegalArgumentException("values cannot be set in an expression");
    }

    @Override
    public boolean isReadOnly(ELContext context, @Nullable Object base, @Nullable Object property) {
        context.setPropertyResolved(base != null);
        return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, @Nullable Object base) {
        return Collections.emptyIterator();
    }

    @Override
    public @Nullable Class<?> getCommonPropertyType(ELContext context, @Nullable Object base) {
        return null;
    }
}
