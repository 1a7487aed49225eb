package dev.decanter.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.decanter.ir.DecanterException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows between the modules, as ARCHITECTURE.md draws them. */
class ArchitectureTest {

    /** What each module may use of the others. */
    private static final Map<String, List<String>> ARROWS = Map.ofEntries(
            Map.entry("ir", List.of()),
            Map.entry("runtime", List.of("ir")),
            Map.entry("assembler", List.of()),
            Map.entry("cpu", List.of("assembler", "runtime", "ir")),
            Map.entry("tokenizers", List.of("runtime", "ir")),
            Map.entry("safetensors", List.of("ir")),
            Map.entry("export", List.of("safetensors", "tokenizers", "runtime", "ir")),
            Map.entry("template", List.of("ir")),
            Map.entry("grammar", List.of("ir")),
            Map.entry("genai", List.of("grammar", "template", "safetensors", "tokenizers", "runtime", "ir")));

    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        // The module folders and not the module path: a class that no module descriptor exports must be seen too.
        Path root = Path.of("").toAbsolutePath().getParent();
        List<Path> folders = new ArrayList<>();
        for (String module : ARROWS.keySet()) {
            folders.add(root.resolve(module).resolve("target").resolve("classes"));
        }
        folders.add(root.resolve("cli").resolve("target").resolve("classes"));
        assertThat(folders).allMatch(Files::isDirectory);
        classes = new ClassFileImporter().importPaths(folders);
        assertThat(classes.contain(DecanterException.class)).isTrue();
        assertThat(classes.contain(Main.class)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ir",
                "runtime",
                "assembler",
                "cpu",
                "tokenizers",
                "export",
                "grammar",
                "template",
                "safetensors",
                "genai",
                "compress"
            })
    void modulesDependDownwardsOnly(String module) {
        List<String> allowed = new ArrayList<>(List.of("dev.decanter." + module + ".."));
        ARROWS.getOrDefault(module, List.of()).forEach(other -> allowed.add("dev.decanter." + other + ".."));
        ArchRule rule = noClasses()
                .that()
                .resideInAPackage("dev.decanter." + module + "..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("dev.decanter..").and(not(resideInAnyPackage(allowed.toArray(String[]::new)))))
                .allowEmptyShould(true);
        rule.check(classes);
    }

    @Test
    void theCoreUsesTheJdkOnly() {
        classes()
                .that()
                .resideInAnyPackage(
                        "dev.decanter.ir..", "dev.decanter.runtime..", "dev.decanter.assembler..", "dev.decanter.cpu..")
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("dev.decanter..", "java..", "javax.xml..", "org.w3c.dom..", "org.xml.sax..")
                                .or(resideInAnyPackage(
                                        "jdk.incubator.vector..", "com.sun.management..", "org.jspecify.annotations.."))
                                .or(resideInAPackage("")))
                .check(classes);
    }

    @Test
    void kernelsKnowMemoryAndNumbersOnly() {
        noClasses()
                .that()
                .resideInAPackage("dev.decanter.cpu.kernels..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.decanter.ir..", "dev.decanter.cpu.compile..")
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void onlyTheCommandLinePrints() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.decanter.cli..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(classes);
    }
}
