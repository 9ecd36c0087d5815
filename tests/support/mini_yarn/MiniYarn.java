import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * A YARN of one node with the queues "default" and "engines". Writes the configuration that clients
 * need into the folder given, prints "UP <address of its web API>" and runs until its standard input
 * ends.
 */
public final class MiniYarn {
  public static void main(String[] arguments) throws Exception {
    YarnConfiguration configuration = new YarnConfiguration();
    configuration.set("yarn.scheduler.capacity.root.queues", "default,engines");
    configuration.set("yarn.scheduler.capacity.root.default.capacity", "50");
    configuration.set("yarn.scheduler.capacity.root.engines.capacity", "50");
    configuration.set("yarn.scheduler.capacity.root.engines.maximum-capacity", "100");
    configuration.set("yarn.scheduler.capacity.maximum-am-resource-percent", "1");
    configuration.set("yarn.scheduler.minimum-allocation-mb", "256");
    configuration.set("yarn.nodemanager.resource.memory-mb", "6144");
    configuration.set("yarn.nodemanager.resource.cpu-vcores", "8");
    configuration.set("yarn.nodemanager.vmem-check-enabled", "false");
    configuration.set("yarn.nodemanager.pmem-check-enabled", "false");
    // A full disk of the machine is not what is tested.
    configuration.set("yarn.nodemanager.disk-health-checker.enable", "false");

    MiniYARNCluster cluster = new MiniYARNCluster("mini", 1, 1, 1);
    cluster.init(configuration);
    cluster.start();
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    write(new Configuration(cluster.getConfig()), folder.resolve("yarn-site.xml"));
    Configuration core = new Configuration(false);
    core.set("fs.defaultFS", "file:///");
    write(core, folder.resolve("core-site.xml"));
    System.out.println("UP " + cluster.getConfig().get("yarn.resourcemanager.webapp.address"));
    System.out.flush();
    while (System.in.read() >= 0) {}
    System.exit(0);
  }

  private static void write(Configuration configuration, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      configuration.writeXml(out);
    }
  }
}
