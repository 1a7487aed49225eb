package dev.decanter.ir.file;

import dev.decanter.ir.IrException;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Walks an XML document from the root down. {@link #nextChild} enters the next child element or leaves the current one;
 * each element that was entered must be left: by calling it until it says no, or by {@link #skip} or {@link #text}.
 *
 * <p>Document type declarations, and with them entities, are refused. All errors are {@link IrException}s with the line.
 */
final class XmlCursor implements AutoCloseable {
    private final XMLStreamReader reader;

    XmlCursor(InputStream stream) {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_NAMESPACE_AWARE, false);
        factory.setXMLResolver((_, _, _, _) -> InputStream.nullInputStream());
        try {
            reader = factory.createXMLStreamReader(new MarkupGuard(stream));
        } catch (XMLStreamException e) {
            throw malformed(e);
        }
    }

    private static IrException malformed(XMLStreamException e) {
        if (e.getNestedException() instanceof IOException cause && !(cause instanceof CharConversionException)) {
            return new IrException("cannot be read: " + cause.getMessage(), e);
        }
        // the JDK's text is "ParseError at [row,col]:[1,2]\nMessage: what is wrong"
        String text = e.getMessage() == null ? "unreadable" : e.getMessage();
        int at = text.indexOf("Message: ");
        String what = Limits.oneLine(at < 0 ? text : text.substring(at + "Message: ".length()));
        String where =
                e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNumber() + ")";
        return new IrException("is not well-formed XML: " + what + where, e);
    }

    /** An error at the place that was read last. */
    IrException error(String message) {
        return new IrException(message + " (line " + line() + ")");
    }

    int line() {
        return reader.getLocation().getLineNumber();
    }

    private int next() {
        try {
            int event = reader.next();
            if (event == XMLStreamConstants.DTD || event == XMLStreamConstants.ENTITY_REFERENCE) {
                throw error("has a document type declaration or entities, which IR files never have");
            }
            return event;
        } catch (XMLStreamException e) {
            throw malformed(e);
        } catch (IrException e) {
            throw e;
        } catch (RuntimeException e) {
            // the JDK's parser runs out of its own arrays on some malformed texts
            throw new IrException("is not well-formed XML: " + e, e);
        }
    }

    /** Enters the next child element, or leaves the current element and returns false if there is none. */
    boolean nextChild() {
        while (true) {
            switch (next()) {
                case XMLStreamConstants.START_ELEMENT -> {
                    return true;
                }
                case XMLStreamConstants.END_ELEMENT, XMLStreamConstants.END_DOCUMENT -> {
                    return false;
                }
                default -> {}
            }
        }
    }

    /** Leaves the current element, whatever is in it. */
    void skip() {
        int depth = 1;
        while (depth > 0) {
            depth += nextChild() ? 1 : -1;
        }
    }

    /** The text of the current element, which is left; elements inside are skipped. */
    String text() {
        StringBuilder out = new StringBuilder();
        while (true) {
            switch (next()) {
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> {
                    out.append(reader.getText());
                    if (out.length() > Limits.ATTRIBUTE_CHARACTERS) {
                        throw tooLong(out.length(), "the text of an element");
                    }
                }
                case XMLStreamConstants.START_ELEMENT -> skip();
                case XMLStreamConstants.END_ELEMENT, XMLStreamConstants.END_DOCUMENT -> {
                    return out.toString();
                }
                default -> {}
            }
        }
    }

    /** Name of the element that was entered last. */
    String name() {
        return reader.getLocalName();
    }

    /** Its attributes in file order; to be asked before going on. */
    Map<String, String> attributes() {
        int count = reader.getAttributeCount();
        if (count > Limits.ATTRIBUTES) {
            throw error("element <" + name() + "> has more than " + Limits.ATTRIBUTES + " attributes");
        }
        Map<String, String> out = LinkedHashMap.newLinkedHashMap(count);
        for (int i = 0; i < count; i++) {
            String value = reader.getAttributeValue(i);
            String name = reader.getAttributeLocalName(i);
            if (value.length() > Limits.ATTRIBUTE_CHARACTERS) {
                throw tooLong(value.length(), "attribute " + Limits.quote(name));
            }
            out.put(name, value);
        }
        return out;
    }

    private IrException tooLong(int characters, String what) {
        return error(what + " of <" + Limits.oneLine(reader.isStartElement() ? name() : "…") + "> is " + characters
                + " characters long; more than " + Limits.ATTRIBUTE_CHARACTERS + " are not accepted");
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (XMLStreamException e) {
            throw malformed(e);
        }
    }
}
