// A unicorn that reports once an interval (row D14): where it is, how far it came, how it feels. AWS SDK for Go v2.
//
//	producer -stream wildrydes -name Shadowfax -count 600 -interval 1s
//
// The endpoint comes from AWS_ENDPOINT_URL_KINESIS, as with any program that was written for the service.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

type status struct {
	Name         string
	StatusTime   string
	Latitude     float64
	Longitude    float64
	Distance     float64
	HealthPoints int
	MagicPoints  int
}

const metresOfADegree = 111_320.0

func (s *status) move(bearing float64) {
	metres := 29 + 2*rand.Float64()
	s.Latitude += metres * math.Cos(bearing) / metresOfADegree
	s.Longitude += metres * math.Sin(bearing) / metresOfADegree / math.Cos(s.Latitude*math.Pi/180)
	s.Distance = metres
	s.HealthPoints += rand.Intn(3) - 1
	s.MagicPoints += rand.Intn(3) - 1
	s.StatusTime = time.Now().UTC().Format("2006-01-02 15:04:05.000")
}

func main() {
	stream := flag.String("stream", "wildrydes", "stream to report to")
	name := flag.String("name", "Shadowfax", "the unicorn's name")
	count := flag.Int("count", 0, "reports to send; 0: without end")
	interval := flag.Duration("interval", time.Second, "time between two reports")
	flag.Parse()

	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := kinesis.NewFromConfig(settings)
	unicorn := status{Name: *name, Latitude: 40.749167, Longitude: -73.985184, HealthPoints: 150, MagicPoints: 150}
	bearing := rand.Float64() * 2 * math.Pi
	ticker := time.NewTicker(*interval)
	for sent := 0; *count == 0 || sent < *count; sent++ {
		unicorn.move(bearing)
		data, err := json.Marshal(unicorn)
		if err != nil {
			log.Fatal(err)
		}
		_, err = client.PutRecord(context.Background(), &kinesis.PutRecordInput{
			StreamName: stream, PartitionKey: aws.String(*name), Data: append(data, '\n')})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(".")
		<-ticker.C
	}
	fmt.Println()
}
