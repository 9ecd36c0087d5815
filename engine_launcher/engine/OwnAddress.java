package foxfire.engine;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.apache.zookeeper.client.ConnectStringParser;

/** Where others reach this machine, for an engine that nobody could tell. */
final class OwnAddress {
  private OwnAddress() {}

  /**
   * The bind address if it is one machine's, else the address that this machine uses towards
   * ZooKeeper: gateways talk to ZooKeeper, too, so that is on a network of theirs.
   */
  static String find(String bind, String zooKeeper) throws StartFailure {
    try {
      InetAddress bound = InetAddress.getByName(bind);
      if (!bound.isAnyLocalAddress()) return withoutScope(bound);
      for (InetSocketAddress server : new ConnectStringParser(zooKeeper).getServerAddresses()) {
        InetAddress found = towards(server);
        if (found != null) return withoutScope(found);
      }
      InetAddress local = InetAddress.getLocalHost();
      if (!local.isLoopbackAddress()) return withoutScope(local);
    } catch (IOException | IllegalArgumentException e) {
      throw notFound(StartFailure.describe(e), e);
    }
    throw notFound("no way to ZooKeeper, and the host's name stands for a loopback address", null);
  }

  // Null if this server cannot be looked up or reached. Sends nothing: it only asks for the route.
  private static InetAddress towards(InetSocketAddress server) {
    try (DatagramSocket socket = new DatagramSocket()) {
      InetAddress target = InetAddress.getByName(server.getHostString());
      socket.connect(new InetSocketAddress(target, server.getPort()));
      InetAddress own = socket.getLocalAddress();
      return own == null || own.isAnyLocalAddress() ? null : own;
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  private static String withoutScope(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }

  private static StartFailure notFound(String why, Throwable cause) {
    return new StartFailure("foxfire.advertise.host = auto: the machine's own address cannot be"
        + " found (" + why + "); give the address that gateways reach it by", cause);
  }
}
