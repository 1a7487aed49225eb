import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Copies a jar with its oldest classes called classes of Java 6, whose format is the same. The JVM keeps no class that is older
 * (JEP 483), and with links between classes kept as well it crashes over them (JDK 25); picocli's are of Java 5. The launcher runs
 * this as a source file.
 */
final class LiftClasses {
    private static final int MAJOR = 7;
    private static final int JAVA_6 = 50;

    private LiftClasses() {}

    public static void main(String[] arguments) throws IOException {
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(Path.of(arguments[0])));
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(Path.of(arguments[1])))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                byte[] content = in.readAllBytes();
                if (entry.getName().endsWith(".class") && content[MAJOR] < JAVA_6) {
                    content[MAJOR] = JAVA_6;
                }
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(content);
            }
        }
    }
}
