//! What a Rust program does through Foxfire. SPARK_REMOTE is the connection string.

use spark_connect::functions::{col, sum};
use spark_connect::session::SparkSession;
use spark_connect::{lit, DataFrame, Result, SparkError};

fn first(frame: &DataFrame) -> Result<String> {
    let rows = frame.collect()?;
    let value = rows.first().and_then(|row| row.get(0));
    Ok(value.map_or("nothing".to_string(), |value| value.to_string()))
}

fn says_how_it_failed(answer: Result<String>) -> String {
    match answer {
        Ok(value) => format!("no error but {value}"),
        Err(error) => error.get_condition().unwrap_or(error.message()),
    }
}

fn interrupts(spark: &SparkSession) -> Result<String> {
    let endless = spark
        .range(100_000_000_000)?
        .filter(col("id").modulo(lit(7)).eq(lit(8)));
    let mut rows = spark
        .range_full(0, 1, 1, Some(1))?
        .union(&endless)
        .to_local_iterator(false)?;
    rows.next().transpose()?; // its tasks run: Spark forgets an interrupt that comes before them
    if spark.interrupt_all()?.is_empty() {
        return Ok("nothing to interrupt".to_string());
    }
    match rows.next() {
        Some(Err(error)) => Ok(error.get_condition().unwrap_or(error.message())),
        _ => Ok("the query goes on".to_string()),
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let spark = SparkSession::builder()
        .remote(&std::env::var("SPARK_REMOTE")?)
        .get_or_create()?;

    println!("user: {}", first(&spark.sql("select current_user()")?)?);
    println!("sum: {}", first(&spark.range(1_000_000)?.select([sum(col("id"))]))?);
    spark.range(5)?.create_or_replace_temp_view("five")?;
    println!("view: {}", first(&spark.sql("select count(*) from five")?)?);
    spark.conf().set("spark.sql.shuffle.partitions", "3")?;
    let setting = spark.conf().get("spark.sql.shuffle.partitions")?;
    println!("setting: {}", setting.unwrap_or_default());
    let failing: std::result::Result<String, SparkError> =
        spark.sql("select no_such_column from range(1)").and_then(|frame| first(&frame));
    println!("error: {}", says_how_it_failed(failing));
    println!("interrupted: {}", interrupts(&spark)?);
    println!("session: {}", spark.session_id());
    spark.stop()?;
    Ok(())
}
