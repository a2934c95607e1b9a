// Sends the same record with each of the three promises.
package main

import (
	"fmt"
	"log"

	"github.com/IBM/sarama"
)

func main() {
	for _, acks := range []sarama.RequiredAcks{
		sarama.NoResponse,   // acks=0: nobody answers; the offset that comes back means nothing
		sarama.WaitForLocal, // acks=1, sarama's default: the leader has it
		sarama.WaitForAll,   // acks=all: the in-sync replicas have it
	} {
		if err := send(acks); err != nil {
			log.Fatal(err)
		}
	}
}

func send(acks sarama.RequiredAcks) error {
	config := sarama.NewConfig()
	config.Producer.RequiredAcks = acks
	config.Producer.Return.Successes = true

	producer, err := sarama.NewSyncProducer([]string{"127.0.0.1:9092"}, config)
	if err != nil {
		return err
	}
	defer producer.Close()

	partition, offset, err := producer.SendMessage(&sarama.ProducerMessage{
		Topic: "orders",
		Value: sarama.StringEncoder(fmt.Sprintf("acks=%d", acks)),
	})
	if err != nil {
		return err
	}
	fmt.Printf("acks %2d: partition %d, offset %d\n", acks, partition, offset)
	return nil
}
