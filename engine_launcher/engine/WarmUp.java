package foxfire.engine;

import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.spark.connect.proto.AnalyzePlanRequest;
import org.apache.spark.connect.proto.Command;
import org.apache.spark.connect.proto.ExecutePlanRequest;
import org.apache.spark.connect.proto.ExecutePlanResponse;
import org.apache.spark.connect.proto.Plan;
import org.apache.spark.connect.proto.Range;
import org.apache.spark.connect.proto.ReattachOptions;
import org.apache.spark.connect.proto.Relation;
import org.apache.spark.connect.proto.ReleaseExecuteRequest;
import org.apache.spark.connect.proto.ReleaseSessionRequest;
import org.apache.spark.connect.proto.SQL;
import org.apache.spark.connect.proto.SparkConnectServiceGrpc;
import org.apache.spark.connect.proto.SparkConnectServiceGrpc.SparkConnectServiceBlockingStub;
import org.apache.spark.connect.proto.SqlCommand;
import org.apache.spark.connect.proto.UserContext;
import org.sparkproject.connect.grpc.ManagedChannel;
import org.sparkproject.connect.grpc.Metadata;
import org.sparkproject.connect.grpc.netty.NettyChannelBuilder;
import org.sparkproject.connect.grpc.stub.MetadataUtils;

/**
 * Small queries through the engine's own port, so that its first user does not wait for classes and
 * compilers. Apart from everything else because Spark has moved gRPC's classes to names of its own:
 * where those are others this ends with a LinkageError. Confined to one thread.
 */
final class WarmUp {
  private static final long DEADLINE_S = 120;
  private static final List<String> QUERIES =
      List.of(
          "select id, id * 2 as b, cast(id as string) as c from range(3) where id > 0",
          "select id % 3 as k, count(*) as n, sum(id) as s from range(100) group by 1 order by 1",
          "select a.id from range(10) a join range(10) b on a.id = b.id + 1");

  private final SparkConnectServiceBlockingStub service;
  private final String session = UUID.randomUUID().toString();
  private final UserContext user = UserContext.newBuilder().setUserId("foxfire-warm-up").build();

  private WarmUp(SparkConnectServiceBlockingStub service) {
    this.service = service;
  }

  static void run(String host, int port, String secret) throws InterruptedException {
    ManagedChannel channel = NettyChannelBuilder.forAddress(host, port).usePlaintext().build();
    try {
      Metadata headers = new Metadata();
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + secret);
      var service =
          SparkConnectServiceGrpc.newBlockingStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
              .withDeadlineAfter(DEADLINE_S, TimeUnit.SECONDS);
      new WarmUp(service).run();
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  // What PySpark sends for simple scripts: a question for a schema, then executions.
  private void run() {
    Plan range =
        Plan.newBuilder()
            .setRoot(
                Relation.newBuilder().setRange(Range.newBuilder().setStart(0).setEnd(4).setStep(1)))
            .build();
    service.analyzePlan(
        AnalyzePlanRequest.newBuilder()
            .setSessionId(session)
            .setUserContext(user)
            .setSchema(AnalyzePlanRequest.Schema.newBuilder().setPlan(range))
            .build());
    execute(range);
    for (String query : QUERIES) {
      Relation sql = Relation.newBuilder().setSql(SQL.newBuilder().setQuery(query)).build();
      execute(Plan.newBuilder().setCommand(command(sql)).build());
      execute(Plan.newBuilder().setRoot(sql).build());
    }
    service.releaseSession(
        ReleaseSessionRequest.newBuilder().setSessionId(session).setUserContext(user).build());
  }

  private static Command command(Relation sql) {
    return Command.newBuilder().setSqlCommand(SqlCommand.newBuilder().setInput(sql)).build();
  }

  private void execute(Plan plan) {
    String operation = UUID.randomUUID().toString();
    var reattachable =
        ExecutePlanRequest.RequestOption.newBuilder()
            .setReattachOptions(ReattachOptions.newBuilder().setReattachable(true));
    Iterator<ExecutePlanResponse> answers =
        service.executePlan(
            ExecutePlanRequest.newBuilder()
                .setSessionId(session)
                .setUserContext(user)
                .setOperationId(operation)
                .setPlan(plan)
                .addRequestOptions(reattachable)
                .build());
    while (answers.hasNext()) answers.next();
    service.releaseExecute(
        ReleaseExecuteRequest.newBuilder()
            .setSessionId(session)
            .setUserContext(user)
            .setOperationId(operation)
            .setReleaseAll(ReleaseExecuteRequest.ReleaseAll.getDefaultInstance())
            .build());
  }
}
