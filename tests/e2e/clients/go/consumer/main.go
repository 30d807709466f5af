// Prints what arrives in a stream from now on (row D14): every shard from LATEST, one GetRecords a second and shard, in
// readable JSON. AWS SDK for Go v1, as such programs were written with.
//
//	consumer -stream wildrydes -endpoint http://127.0.0.1:8080
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kinesis"
)

func main() {
	stream := flag.String("stream", "wildrydes", "stream to read")
	endpoint := flag.String("endpoint", "", "endpoint other than the service's own")
	interval := flag.Duration("interval", time.Second, "time between two calls for a shard")
	flag.Parse()

	client := kinesis.New(session.Must(session.NewSession(&aws.Config{Endpoint: endpoint})))
	described, err := client.DescribeStream(&kinesis.DescribeStreamInput{StreamName: stream})
	if err != nil {
		log.Fatal(err)
	}
	records := make(chan *kinesis.Record)
	for _, shard := range described.StreamDescription.Shards {
		begun, err := client.GetShardIterator(&kinesis.GetShardIteratorInput{
			StreamName: stream, ShardId: shard.ShardId, ShardIteratorType: aws.String("LATEST")})
		if err != nil {
			log.Fatal(err)
		}
		go func(iterator *string) {
			for ; iterator != nil; time.Sleep(*interval) {
				answer, err := client.GetRecords(&kinesis.GetRecordsInput{ShardIterator: iterator})
				if err != nil {
					log.Fatal(err)
				}
				for _, record := range answer.Records {
					records <- record
				}
				iterator = answer.NextShardIterator
			}
		}(begun.ShardIterator)
	}
	fmt.Fprintln(os.Stderr, "ready")
	for record := range records {
		var text bytes.Buffer
		if err := json.Indent(&text, bytes.TrimSpace(record.Data), "", "  "); err != nil {
			log.Fatal(err)
		}
		fmt.Println(text.String())
	}
}
