package foxfire.engine;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Scanner;

/** Reads owner's lines, each in base64 on a line of its own; writes what becomes of each. */
public final class OwnerLines {
  private OwnerLines() {}

  public static void main(String[] arguments) {
    Scanner lines = new Scanner(System.in, StandardCharsets.US_ASCII);
    while (lines.hasNextLine()) {
      System.out.println(outcome(Base64.getDecoder().decode(lines.nextLine())));
    }
  }

  private static String outcome(byte[] line) {
    try {
      return OwnerLine.parse(line).toString();
    } catch (StartFailure e) {
      return e.getMessage();
    }
  }
}
