// Reads a partition and says how far the reader is behind the high watermark.
package main

import (
	"fmt"
	"log"

	"github.com/IBM/sarama"
)

func main() {
	consumer, err := sarama.NewConsumer([]string{"127.0.0.1:9092"}, sarama.NewConfig())
	if err != nil {
		log.Fatal(err)
	}
	defer consumer.Close()

	partition, err := consumer.ConsumePartition("orders", 0, sarama.OffsetOldest)
	if err != nil {
		log.Fatal(err)
	}
	defer partition.Close()

	for message := range partition.Messages() {
		behind := partition.HighWaterMarkOffset() - message.Offset - 1
		fmt.Printf("offset %d: %s (%d behind)\n", message.Offset, message.Value, behind)
	}
}
