package foxfire.engine;

import org.apache.spark.launcher.JavaModuleOptions;

/**
 * Prints the options that Spark needs on the java command line, one a line. Needs no jar of Spark's
 * but spark-launcher's.
 */
public final class ModuleOptions {
  private ModuleOptions() {}

  public static void main(String[] args) {
    for (String option : JavaModuleOptions.defaultModuleOptions().trim().split("\\s+")) {
      System.out.println(option);
    }
  }
}
