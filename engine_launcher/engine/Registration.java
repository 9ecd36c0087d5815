package foxfire.engine;

import foxfire.engine.ControlCommand.BrokenCommand;
import foxfire.engine.EngineSettings.ZooKeeperSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/**
 * This engine's node in ZooKeeper and its control node, through lost connections and expired
 * sessions: docs/zookeeper.md. Confined to the main thread; ZooKeeper's own thread only posts.
 */
final class Registration {
  /** Told on the main thread. */
  interface Listener {
    void ordered(ControlCommand command);

    /** Somebody else has removed this engine's node. */
    void removed();
  }

  private static final Duration START_TIMEOUT = Duration.ofSeconds(15);
  private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);
  private static final Duration LOAD_INTERVAL = Duration.ofSeconds(1);
  private static final String REQUEST_TIMEOUT_MS = "5000";

  private final ZooKeeperSettings settings;
  private final String engineId;
  private final Optional<String> digest;
  private final Mailbox mailbox;
  private final Listener listener;
  private final String controlPath;
  private String parent; // null until register(): a spare has no owner yet
  private String path;

  private ZooKeeper client; // null before connect() and while a new one cannot be made
  private boolean connected;
  private EngineRecord record; // null: not to be registered (yet, or any more)
  private byte[] written; // what the node holds
  private long lastLoadNanos;
  private long ownerSession; // that our node was made in; 0: there is none
  private boolean checked; // the nodes are as they should be, and watched
  private long lastGoodNanos;
  private long nextTryNanos;
  private long obeyedWrite = -1; // of the control node: each counts once
  private boolean active; // was registered at least once; before that register() does it all
  private String lastTrouble = "";

  Registration(
      EngineSettings settings, Optional<String> digest, Mailbox mailbox, Listener listener) {
    this.settings = settings.zooKeeper();
    engineId = settings.id();
    this.digest = digest;
    this.mailbox = mailbox;
    this.listener = listener;
    controlPath = this.settings.path("control", settings.id());
  }

  /** Begins to connect and returns: Spark starts meanwhile. */
  void connect() throws StartFailure {
    expectAnswer();
    try {
      open();
    } catch (IOException | RuntimeException e) {
      throw new StartFailure("foxfire.zookeeper.connect = " + settings.connect() + ": "
          + StartFailure.describe(e) + "; give host:port[,host:port…]", e);
    }
  }

  /** Waits until there is a connection; false if there is none in time. */
  boolean awaitConnected(Duration atMost) {
    long end = System.nanoTime() + atMost.toNanos();
    while (!connected && end - System.nanoTime() > 0) {
      mailbox.run(Duration.ofNanos(end - System.nanoTime()));
    }
    return connected;
  }

  /** Gives ZooKeeper its time for an answer from now on: a spare has waited for its owner. */
  void expectAnswer() {
    lastGoodNanos = System.nanoTime();
  }

  /**
   * Blocks until the node is there. ZooKeeper has 15 s for an answer, counted from connect() or
   * expectAnswer().
   */
  void register(String key, EngineRecord engine) throws StartFailure {
    parent = settings.path("engines", key);
    path = settings.path("engines", key, engineId);
    record = engine;
    lastLoadNanos = System.nanoTime() - LOAD_INTERVAL.toNanos();
    long end = lastGoodNanos + START_TIMEOUT.toNanos();
    Duration wait = Duration.ZERO; // for what came while Spark started
    // Once the node is there, tick() does what a ZooKeeper that goes away has kept from being done.
    while (!active) {
      mailbox.run(wait);
      try {
        check();
      } catch (KeeperException e) {
        if (!isPassing(e)) throw refused(e);
      }
      long left = end - System.nanoTime();
      if (!active && left <= 0) throw silent();
      wait = Duration.ofNanos(Math.min(left, RETRY_INTERVAL.toNanos()));
    }
    lastGoodNanos = System.nanoTime();
  }

  /** Call it at least every second. Tries again what could not be done before. */
  void tick(long nowNanos) {
    if (connected && checked) lastGoodNanos = nowNanos;
    boolean wantsCheck = path != null && connected && !checked;
    if (client == null || wantsCheck) {
      if (nowNanos - nextTryNanos < 0) return;
      nextTryNanos = nowNanos + RETRY_INTERVAL.toNanos();
      if (client == null) reopen();
      else tryCheck();
    }
  }

  /** Tells gateways what clients have here, if that has changed; once a second at most. */
  void report(EngineRecord.Load load, long nowNanos) {
    if (record == null) return;
    record = record.with(load); // also for a node that has to be made again
    boolean isTime = nowNanos - lastLoadNanos >= LOAD_INTERVAL.toNanos();
    if (!connected || !checked || !isTime || Arrays.equals(written, record.json())) return;
    lastLoadNanos = nowNanos;
    try {
      byte[] data = record.json();
      client.setData(path, data, -1);
      written = data;
    } catch (KeeperException e) {
      // The next round tries again; a node that is gone is what the watch tells.
      if (!isPassing(e)) trouble(e.getMessage());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** How long gateways may have missed this engine; zero if it is not to be registered. */
  Duration lostFor(long nowNanos) {
    return record == null ? Duration.ZERO : Duration.ofNanos(nowNanos - lastGoodNanos);
  }

  /** Removes the node at once if ZooKeeper can be reached; or else it goes with the session. */
  void deregister() {
    boolean present = record != null && ownerSession != 0;
    record = null;
    if (!present || !connected) return;
    ownerSession = 0;
    try {
      client.delete(path, -1);
    } catch (KeeperException.NoNodeException e) {
      // Somebody else was faster.
    } catch (KeeperException e) {
      Log.event("deregistration-failed", "path", path, "why", e.getMessage());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Ends the session, and with it the node. */
  void close() {
    deregister();
    if (client == null || !connected) return; // it would wait for ZooKeeper
    connected = false;
    try {
      client.close();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private void open() throws IOException {
    connected = false;
    checked = false;
    ownerSession = 0;
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.ZOOKEEPER_REQUEST_TIMEOUT, REQUEST_TIMEOUT_MS);
    int timeout = (int) settings.sessionTimeout().toMillis();
    ClientWatcher watcher = new ClientWatcher();
    ZooKeeper opened = new ZooKeeper(settings.connect(), timeout, watcher, config);
    digest.ifPresent(d -> opened.addAuthInfo("digest", d.getBytes(StandardCharsets.UTF_8)));
    client = opened;
    watcher.source = opened;
  }

  private void reopen() {
    try {
      open();
    } catch (IOException | RuntimeException e) {
      client = null;
      trouble(StartFailure.describe(e));
    }
  }

  /** Events of one client; those of a client that has been replaced say nothing any more. */
  private final class ClientWatcher implements Watcher {
    private ZooKeeper source;

    @Override
    public void process(WatchedEvent event) {
      mailbox.execute(
          () -> {
            if (source == client) onEvent(event);
          });
    }
  }

  private void onEvent(WatchedEvent event) {
    switch (event.getState()) {
      case SyncConnected -> onConnected();
      case Disconnected -> {
        if (connected && active) Log.event("zookeeper-away");
        connected = false;
        checked = false;
      }
      case Expired -> {
        if (active) Log.event("zookeeper-session-expired");
        reopen();
      }
      default -> {} // other states belong to ways of connecting that this never asks for
    }
  }

  private void onConnected() {
    if (active && !connected) Log.event("zookeeper-back");
    connected = true;
    // A watch is good for one event, so whatever has happened: look at everything again.
    checked = false;
    if (active) tryCheck();
  }

  private void tryCheck() {
    try {
      check();
    } catch (KeeperException e) {
      if (!isPassing(e)) trouble(e.getMessage());
    }
  }

  private void check() throws KeeperException {
    if (!connected) return;
    try {
      if (record != null) checkNode();
      checkControl();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    checked = true;
    lastTrouble = "";
  }

  private void checkNode() throws KeeperException, InterruptedException {
    if (ownerSession == 0) {
      create();
      ownerSession = client.getSessionId();
      Log.event(active ? "reregistered" : "registered", "path", path, "ms", Log.sinceStartMs());
      active = true;
    }
    if (client.exists(path, true) != null) return;
    record = null;
    ownerSession = 0;
    mailbox.execute(listener::removed);
  }

  private void create() throws KeeperException, InterruptedException {
    createParents();
    written = record.json();
    try {
      client.create(path, written, acl(), CreateMode.EPHEMERAL);
    } catch (KeeperException.NodeExistsException e) {
      Stat stat = new Stat();
      byte[] found = client.getData(path, false, stat);
      if (!record.isSameEngine(found)) throw e;
      // Either the answer to an earlier try was lost, or the node is of an expired session that the
      // server has yet to clean up.
      if (stat.getEphemeralOwner() == client.getSessionId()) {
        written = found;
        return;
      }
      client.delete(path, stat.getVersion());
      client.create(path, written, acl(), CreateMode.EPHEMERAL);
    }
  }

  // Looks first: to create a node that exists can be forbidden all the same.
  private void createParents() throws KeeperException, InterruptedException {
    int end = 0;
    do {
      end = parent.indexOf('/', end + 1);
      String node = end < 0 ? parent : parent.substring(0, end);
      if (client.exists(node, false) != null) continue;
      try {
        client.create(node, new byte[0], acl(), CreateMode.PERSISTENT);
      } catch (KeeperException.NodeExistsException e) {
        // Another engine was faster.
      }
    } while (end >= 0);
  }

  private List<ACL> acl() {
    return digest.isPresent() ? ZooDefs.Ids.CREATOR_ALL_ACL : ZooDefs.Ids.OPEN_ACL_UNSAFE;
  }

  private void checkControl() throws KeeperException, InterruptedException {
    Stat stat = client.exists(controlPath, true);
    if (stat == null || stat.getMzxid() == obeyedWrite) return;
    byte[] data = client.getData(controlPath, false, stat);
    obeyedWrite = stat.getMzxid();
    try {
      ControlCommand command = ControlCommand.parse(data);
      mailbox.execute(() -> listener.ordered(command));
    } catch (BrokenCommand e) {
      Log.event("control-ignored", "path", controlPath, "why", e.getMessage());
    }
  }

  private static boolean isPassing(KeeperException e) {
    return switch (e.code()) {
      case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT, SESSIONEXPIRED, SESSIONMOVED, NONODE ->
          true;
      default -> false;
    };
  }

  private void trouble(String why) {
    if (!why.equals(lastTrouble)) Log.event("registration-failed", "path", path, "why", why);
    lastTrouble = why;
  }

  private StartFailure silent() {
    return new StartFailure(
        "ZooKeeper does not answer at " + settings.connect() + " (waited for "
            + START_TIMEOUT.toSeconds() + " s); see whether it runs and whether"
            + " foxfire.zookeeper.connect is its address");
  }

  private StartFailure refused(KeeperException e) {
    String cure =
        switch (e.code()) {
          case NOAUTH -> "foxfire.zookeeper.digest.file must hold the user:password that this node"
              + " was made with";
          case NODEEXISTS -> "another engine has this id; each needs one of its own";
          default -> "see ZooKeeper's log";
        };
    return new StartFailure("ZooKeeper refuses the registration " + path + ": " + e.getMessage()
        + "; " + cure, e);
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    return new IllegalStateException("nobody interrupts the main thread", e);
  }
}
