package dev.decanter.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Shape;
import dev.decanter.runtime.spi.Device;
import dev.decanter.runtime.thirdparty.MirrorDevice;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices from outside: found as a service in a jar (here a folder) that the module knows nothing of. */
class DevicesTest {
    private static final String MIRROR = MirrorDevice.class.getName();

    /** Loads the device's class itself, as the loader of a plugin does, although the tests' loader has it too. */
    private static final class PluginLoader extends URLClassLoader {
        PluginLoader(Path folder) throws IOException {
            super(new URL[] {folder.toUri().toURL()}, DevicesTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.equals(MIRROR)) {
                Class<?> known = findLoadedClass(name);
                return known != null ? known : findClass(name);
            }
            return super.loadClass(name, resolve);
        }
    }

    private static void install(Path folder, String provider) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(Device.class.getName()), provider);
        Path classFile = folder.resolve(MIRROR.replace('.', '/') + ".class");
        Files.createDirectories(Objects.requireNonNull(classFile.getParent()));
        try (InputStream in = MirrorDevice.class.getResourceAsStream("MirrorDevice.class")) {
            Files.write(classFile, Objects.requireNonNull(in).readAllBytes());
        }
    }

    private static <T> T with(Path folder, Supplier<T> action) throws IOException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (PluginLoader loader = new PluginLoader(folder)) {
            thread.setContextClassLoader(loader);
            return action.get();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void findsADeviceOfAThirdParty(@TempDir Path folder) throws IOException {
        install(folder, MIRROR);
        Core core = with(folder, Core::create);
        assertThat(core.availableDevices()).startsWith("MIRROR").contains("REFERENCE");
        assertThat(core.deviceFacts("MIRROR")).containsEntry("FULL_DEVICE_NAME", "Mirror");
        assertThat(core.deviceProperties("MIRROR")).containsEntry("POLISH", "matt");

        try (CompiledModel model = core.compileModel(Graphs.adder(), Core.AUTO, Map.of("POLISH", "bright"));
                InferRequest request = model.createInferRequest()) {
            assertThat(model.device()).isEqualTo("MIRROR");
            assertThat(model.property("POLISH")).isEqualTo("bright");
            request.setTensor("a", Tensor.ofFloats(Shape.of(1, 2), 1, 2));
            request.setTensor("b", Tensor.ofFloats(Shape.of(1, 2), 3, 4));
            request.infer();
            assertThat(request.tensor("sum").toFloats()).containsExactly(1, 2);
        }
        assertThatThrownBy(() -> core.compileModel(Graphs.adder(), "MIRROR", Map.of("SPEED", "1")))
                .isInstanceOf(InferenceException.class)
                .hasMessage("device MIRROR has no property \"SPEED\"; it has POLISH");
    }

    @Test
    void knowsOnlyItsOwnDevicesOtherwise() {
        assertThat(Core.create().availableDevices()).containsExactly("REFERENCE");
        assertThat(Core.create().addDevice(new MirrorDevice()).availableDevices())
                .containsExactly("MIRROR", "REFERENCE");
    }

    @Test
    void refusesTwoDevicesOfOneName() {
        Core core = Core.create().addDevice(new MirrorDevice());
        assertThatThrownBy(() -> core.addDevice(new MirrorDevice()))
                .isInstanceOf(InferenceException.class)
                .hasMessage("two devices are called MIRROR: " + MIRROR + " and " + MIRROR);
    }

    @Test
    void saysWhichInstalledDeviceIsBroken(@TempDir Path folder) throws IOException {
        install(folder, "no.such.Device");
        assertThatThrownBy(() -> with(folder, Core::create))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("an installed device or extension cannot be loaded")
                .hasMessageContaining("no.such.Device");
    }
}
